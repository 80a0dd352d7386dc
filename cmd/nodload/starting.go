package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

type startReport struct {
	People int `json:"people"`
	// Starts are the times from the start of the process to its first discovery answer, after a
	// graceful stop; Revivals those after it was killed just after it issued tokens.
	Starts   []time.Duration `json:"starts_ns"`
	Median   time.Duration   `json:"median_ns"`
	Revivals []time.Duration `json:"revivals_ns"`
	// Resident memory: two seconds after a start, while passwords are hashed, after that
	// load is over and given back.
	IdleMiB   float64 `json:"idle_mib"`
	LoadedMiB float64 `json:"loaded_mib"`
	AfterMiB  float64 `json:"after_mib"`

	wanted time.Duration // what a start after a kill may take
}

// String is the result for people.
func (r startReport) String() string {
	whole := func(times []time.Duration) string {
		var all []string
		for _, d := range times {
			all = append(all, fmt.Sprintf("%.0f", float64(d)/float64(time.Millisecond)))
		}
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf(`%d people; first discovery answer after %s ms; median %s ms
the same after kill -9, just after tokens were issued: %s ms
resident memory: %.1f MiB idle, %.1f MiB under load, %.1f MiB when it was over`,
		r.People, whole(r.Starts), ms(r.Median), whole(r.Revivals), r.IdleMiB, r.LoadedMiB, r.AfterMiB)
}

// Verdict is an error where a start after a kill took too long.
func (r startReport) Verdict() error {
	if slowest := slices.Max(r.Revivals); slowest > r.wanted {
		return fmt.Errorf("a start after a kill took %s, want %s at most", slowest, r.wanted)
	}
	return nil
}

// wantedRevival is what a start after a kill may take, whoever is registered.
const wantedRevival = time.Second

// starting measures how soon nod answers and what it holds before and after a load.
func starting(ctx context.Context, s settings) (_ report, err error) {
	t, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	service, plain, err := t.addApps(ctx)
	if err != nil {
		return nil, err
	}
	if err := t.addPeople(ctx, s.workers); err != nil {
		return nil, err
	}
	r := startReport{People: s.workers, wanted: wantedRevival}
	if s.short { // other programs run at the same time
		r.wanted = wantedRecovery
	}
	if more := s.people - s.workers; more > 0 {
		progress("putting in %d people", more)
		if err := t.populate(ctx, more); err != nil {
			return nil, err
		}
		r.People += more
	}
	for range s.times {
		if err := r.revive(ctx, t, service); err != nil {
			return nil, err
		}
		if err := t.end(); err != nil {
			return nil, err
		}
		took, err := t.starts(ctx)
		if err != nil {
			return nil, err
		}
		r.Starts = append(r.Starts, took)
	}
	r.Median = percentile(slices.Clone(r.Starts), 50)
	if err := pause.For(ctx, min(2*time.Second, s.each)); err != nil {
		return nil, err
	}
	if r.IdleMiB, err = t.holds(); err != nil {
		return nil, err
	}
	progress("loading it")
	_, err = t.closed(ctx, s.workers, s.each, func(i int) func(context.Context) error {
		return func(ctx context.Context) error {
			code, err := t.signIn(ctx, plain, i, nil)
			if err == nil {
				_, err = t.redeem(ctx, plain, code)
			}
			if err == nil {
				err = t.post(ctx, service, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, nil)
			}
			return err
		}
	})
	if err != nil {
		return nil, err
	}
	if r.LoadedMiB, err = t.holds(); err != nil {
		return nil, err
	}
	if err := pause.For(ctx, min(30*time.Second, 6*s.each)); err != nil {
		return nil, err
	}
	r.AfterMiB, err = t.holds()
	return r, err
}

// revive kills the server and starts it again.
func (r *startReport) revive(ctx context.Context, t *target, service app) error {
	for range 100 {
		if _, err := t.issue(ctx, service); err != nil {
			return err
		}
	}
	if err := t.process.Process.Kill(); err != nil {
		return err
	}
	_ = t.process.Wait()
	t.client.CloseIdleConnections() // they are dead
	took, err := t.starts(ctx)
	r.Revivals = append(r.Revivals, took)
	return err
}

// starts starts the process and returns how long its first answer took.
func (t *target) starts(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	if err := t.launch(); err != nil {
		return 0, err
	}
	err := t.answers(ctx)
	return time.Since(began), err
}

// holds is the resident memory of the server in MiB.
func (t *target) holds() (float64, error) {
	memory, err := resident(t.process.Process.Pid)
	return mib(memory), err
}

// end asks the process to stop and waits for it.
func (t *target) end() error {
	if err := t.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := t.process.Wait()
	t.client.CloseIdleConnections()
	return err
}
