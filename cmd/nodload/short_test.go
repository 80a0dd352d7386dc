package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// built is nod as it is shipped but for the tag that lets it be profiled.
func built(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nod")
	out, err := exec.Command("go", "build", "-tags", profileTag, "-o", path, "github.com/nod-idp/nod/cmd/nod").CombinedOutput()
	if err != nil {
		t.Fatalf("build nod: %v\n%s", err, out)
	}
	return path
}

// Every program is run in small, side by side. What they find on a machine that does other
// things at the same time says nothing about speed, so only what is lost counts.
func TestTheProgramsWorkInSmall(t *testing.T) {
	nod := built(t)
	t.Run("all", func(t *testing.T) {
		for _, name := range []string{"waiting", "herd", "latency", "soak", "start"} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				var out, diagnosis bytes.Buffer
				if code := run(t.Context(), []string{name, "-short", "-json", "-nod", nod}, &out, &diagnosis); code != 0 {
					t.Fatalf("got code %d\n%s\n%s", code, &out, &diagnosis)
				}
				var found map[string]any
				if err := json.Unmarshal(out.Bytes(), &found); err != nil || len(found) < 3 {
					t.Errorf("got %s, %v, want a report", &out, err)
				}
			})
		}
	})
}

func TestQuestionsThatAreNotUnderstoodAreAnswered(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 2, "usage: nodload PROGRAM"},
		{[]string{"--help"}, 0, "waiting"},
		{[]string{"dance"}, 2, `there is no program "dance"`},
		{[]string{"herd", "--help"}, 0, "go run ./cmd/nodload herd -pages 5000"},
		{[]string{"herd", "-sheep"}, 2, "flag provided but not defined"},
		{[]string{"herd", "sheep"}, 2, `takes no "sheep"`},
	} {
		var out, diagnosis bytes.Buffer
		if code := run(t.Context(), c.args, &out, &diagnosis); code != c.code || !strings.Contains(diagnosis.String(), c.says) {
			t.Errorf("%v: got code %d and %q, want %d and %q", c.args, code, &diagnosis, c.code, c.says)
		}
	}
}

func TestWhatGrowsIsNotFlat(t *testing.T) {
	var steady, growing []sample
	for i := range 100 {
		s := sample{At: time.Duration(i) * time.Second, MemoryMiB: 50 + float64(i%7), Goroutines: 30, Files: 25, Logins: int64(i)}
		steady = append(steady, s)
		s.MemoryMiB += float64(i) / 5
		s.Goroutines += float64(i)
		growing = append(growing, s)
	}
	for name, c := range map[string]struct {
		samples []sample
		flat    bool
	}{"steady": {steady, true}, "growing": {growing, false}} {
		r := soakReport{enough: true}
		r.tell(c.samples)
		if err := r.Verdict(); (err == nil) != c.flat {
			t.Errorf("%s: got %v\n%s", name, err, r)
		}
		r.enough = false
		if err := r.Verdict(); err != nil {
			t.Errorf("%s, too short to tell: got %v", name, err)
		}
	}
}

func TestStacksAreSortedByWhatTheyDo(t *testing.T) {
	const traces = `File: nod
-----------+-------------------------------------------------------
     300ms   syscall.write
             github.com/nod-idp/nod/web/guard.(*Stream).write
             github.com/nod-idp/nod/web/guard.(*Stream).Wait
             github.com/nod-idp/nod/web/guard.(*Stream).run
-----------+-------------------------------------------------------
     100ms   modernc.org/sqlite/lib._sqlite3Step
             github.com/nod-idp/nod/internal/db.(*DB).Get
             net/http.(*conn).serve
-----------+-------------------------------------------------------
        1s   runtime.futex
             runtime.mcall
-----------+-------------------------------------------------------
`
	got := sorted(traces, resting, 10*time.Second)
	want := []share{{scheduling, 10}, {"heartbeats", 3}, {"rotation: database", 1}}
	if len(got) != len(want) || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] {
		t.Errorf("got %v, want %v", got, want)
	}
}
