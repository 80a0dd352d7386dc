package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// waitingWindow is the longest that a phone may be asked.
const waitingWindow = 300 * time.Second

type waitingReport struct {
	Pages         int           `json:"pages"`
	Before        weight        `json:"before"`
	Open          weight        `json:"open"`
	BytesPerPage  int64         `json:"bytes_per_page"`
	MostMiB       float64       `json:"most_memory_mib"`
	WatchedFor    time.Duration `json:"watched_for_ns"`
	PercentOfCore float64       `json:"percent_of_a_core"`
	Shares        []share       `json:"shares,omitempty"`
	Beats         int64         `json:"heartbeats"`
	Rotated       int64         `json:"rotated"`
	Looked        int64         `json:"looked"`
	Lost          int64         `json:"lost"` // streams that ended otherwise
}

// weight is what a process holds.
type weight struct {
	MemoryMiB  float64 `json:"memory_mib"`
	HeapMiB    float64 `json:"heap_mib"`
	Goroutines int     `json:"goroutines"`
	Files      int     `json:"files"`
}

// String is the result for people.
func (r waitingReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d pages wait for their phones:\n", r.Pages)
	for _, w := range []struct {
		name string
		weight
	}{{"before", r.Before}, {"all open", r.Open}} {
		fmt.Fprintf(&b, "  %-9s %6.1f MiB resident, %6.1f MiB heap, %6d goroutines, %6d files\n", w.name, w.MemoryMiB, w.HeapMiB, w.Goroutines, w.Files)
	}
	fmt.Fprintf(&b, "  %d bytes for a page, %.1f MiB at most\n", r.BytesPerPage, r.MostMiB)
	fmt.Fprintf(&b, "at rest for %.0f s: %.1f %% of one core (%d heartbeats, %d streams ended and came back, %d looks at the page, %d lost)\n",
		r.WatchedFor.Seconds(), r.PercentOfCore, r.Beats, r.Rotated, r.Looked, r.Lost)
	for _, s := range r.Shares {
		fmt.Fprintf(&b, "  %5.2f %%  %s\n", s.Percent, s.Name)
	}
	return strings.TrimSpace(b.String())
}

// Verdict is an error where pages were lost.
func (r waitingReport) Verdict() error {
	if r.Lost > 0 {
		return fmt.Errorf("%d streams ended otherwise than by rotation", r.Lost)
	}
	return nil
}

// waiting measures what pages cost that wait.
func waiting(ctx context.Context, s settings) (_ report, err error) {
	s.figures, s.logLevel = true, "info"
	if s.nod == "" || s.profile != "" {
		s.tags = profileTag
	}
	t, err := start(ctx, s, "--approval-window", waitingWindow.String(), "--argon2-memory", "8MiB", "--argon2-time", "1")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	progress("putting in %d logins", s.pages)
	waiters, err := t.waiters(ctx, s.pages, waitingWindow)
	if err != nil {
		return nil, err
	}
	r := waitingReport{Pages: s.pages, WatchedFor: s.each}
	if err := pause.For(ctx, min(6*time.Second, 2*s.each)); err != nil { // the memory of the hash is given back
		return nil, err
	}
	if r.Before, err = t.weigh(ctx); err != nil {
		return nil, err
	}
	c, leave, err := t.opened(ctx, waiters, max(100, s.pages/50))
	if err != nil {
		return nil, err
	}
	defer leave()
	if err := pause.For(ctx, s.each/10); err != nil {
		return nil, err
	}
	progress("watching the server for %s", s.each)
	if err := r.watch(ctx, c, s.each); err != nil {
		return nil, err
	}
	if s.tags != "" {
		progress("profiling the server for %s", s.each)
		r.Shares, err = t.shares(ctx, s.each, resting, s.profile)
	}
	return r, err
}

func (r *waitingReport) watch(ctx context.Context, c *crowd, d time.Duration) error {
	t := c.target
	cpu, err := t.processor()
	if err != nil {
		return err
	}
	began, beats, rotated, looked := time.Now(), c.beats.Load(), c.rotated.Load(), c.looked.Load()
	if err := pause.For(ctx, d); err != nil {
		return err
	}
	after, err := t.processor()
	if err != nil {
		return err
	}
	r.WatchedFor = time.Since(began)
	r.PercentOfCore = 100 * (after - cpu).Seconds() / r.WatchedFor.Seconds()
	r.Beats, r.Rotated, r.Looked = c.beats.Load()-beats, c.rotated.Load()-rotated, c.looked.Load()-looked
	r.Lost = c.refused.Load() + c.cut.Load() + c.unreachable.Load() + c.failed.Load()
	if r.Open, err = t.weigh(ctx); err != nil {
		return err
	}
	r.BytesPerPage = int64((r.Open.MemoryMiB - r.Before.MemoryMiB) * (1 << 20) / float64(r.Pages))
	most, err := mostResident(t.process.Process.Pid)
	r.MostMiB = mib(most)
	return err
}

// weigh asks what the server holds.
func (t *target) weigh(ctx context.Context) (w weight, err error) {
	f, err := t.tells(ctx)
	if err != nil {
		return w, err
	}
	memory, err1 := resident(t.process.Process.Pid)
	open, err2 := files(t.process.Process.Pid)
	return weight{MemoryMiB: mib(memory), HeapMiB: mib(int64(f["go_heap_objects_bytes"])), Goroutines: int(f["go_goroutines"]), Files: open},
		errors.Join(err1, err2)
}
