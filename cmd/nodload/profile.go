package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// profileTag makes a binary that profiles itself when it is told to.
const profileTag = "profile"

// profiled tells nod to write a profile of its processor time, at SIGUSR1 and until SIGUSR2.
func (t *target) profiled() { t.env = append(t.env, "NOD_PROFILE="+t.profileFile()) }

func (t *target) profileFile() string { return filepath.Join(t.dir, "profile") }

// share is a part of the processor time.
type share struct {
	Name    string  `json:"name"`
	Percent float64 `json:"percent_of_a_core"`
}

// part of nod's work, known by functions that stand in a stack. The first that fits counts.
type work struct {
	name string
	all  []string // each of them is in the stack
}

// resting is what a server does whose pages wait.
var resting = []work{
	{"garbage", []string{"runtime.gcBgMarkWorker"}},
	{"garbage", []string{"runtime.bgsweep"}},
	{"garbage", []string{"runtime.bgscavenge"}},
	{"garbage", []string{"runtime.gcAssistAlloc"}},
	{"garbage", []string{"runtime.gcStart"}},
	{"heartbeats", []string{"guard.(*Stream).Wait", "guard.(*Stream).write"}},
	{"one look for all", []string{"mfa.(*Service).Follow"}},
	{"rotation: all else", []string{"guard.(*Stream).run"}},
	{"rotation: database", []string{"net/http.(*conn).serve", "internal/db."}},
	{"rotation: all else", []string{"net/http.(*conn).serve"}},
	{"rotation: all else", []string{"net/http.(*connReader)"}},
	{"rotation: all else", []string{"net/http.(*Server).Serve"}},
	{"background jobs", []string{"server.(*Server).jobs"}},
	{"background jobs", []string{"internal/db."}},
	{"background jobs", []string{"internal/audit."}},
}

const scheduling = "timers and scheduling"

// shares profiles the server for d and says what it did. keep is where the profile stays.
func (t *target) shares(ctx context.Context, d time.Duration, works []work, keep string) ([]share, error) {
	if err := t.process.Process.Signal(syscall.SIGUSR1); err != nil {
		return nil, err
	}
	if err := pause.For(ctx, d); err != nil {
		return nil, err
	}
	if err := t.process.Process.Signal(syscall.SIGUSR2); err != nil {
		return nil, err
	}
	done := t.profileFile() + ".done"
	for deadline := time.Now().Add(10 * time.Second); ; {
		if _, err := os.Stat(done); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return nil, errors.New("the server wrote no profile: it was not built with the tag " + profileTag)
		}
		if err := pause.For(ctx, 20*time.Millisecond); err != nil {
			return nil, err
		}
	}
	if keep != "" {
		text, err := os.ReadFile(done)
		if err == nil {
			err = os.WriteFile(keep, text, 0o644)
		}
		if err != nil {
			return nil, fmt.Errorf("keep the profile: %w", err)
		}
	}
	out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", done).Output()
	if err != nil {
		return nil, fmt.Errorf("read the profile: %w", err)
	}
	return sorted(string(out), works, d), nil
}

// sorted adds up the stacks that pprof prints.
func sorted(traces string, works []work, over time.Duration) []share {
	spent := map[string]time.Duration{}
	for stack := range strings.SplitSeq(traces, "-----------+") {
		lines := strings.Split(stack, "\n")
		if len(lines) < 2 {
			continue
		}
		first := strings.Fields(lines[1])
		if len(first) < 2 {
			continue
		}
		took, err := time.ParseDuration(first[0])
		if err != nil {
			continue
		}
		spent[kind(stack, works)] += took
	}
	var all []share
	for name, took := range spent {
		all = append(all, share{name, 100 * took.Seconds() / over.Seconds()})
	}
	slices.SortFunc(all, func(a, b share) int { return int(1000 * (b.Percent - a.Percent)) })
	return all
}

func kind(stack string, works []work) string {
	for _, w := range works {
		if !slices.ContainsFunc(w.all, func(f string) bool { return !strings.Contains(stack, f) }) {
			return w.name
		}
	}
	return scheduling
}
