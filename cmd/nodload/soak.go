package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// What a soak runs with: everything ends soon, so that what ends is swept while it runs.
var soakFlags = []string{
	"--argon2-memory", "8MiB", "--argon2-time", "1", "--approval-window", "20s", "--login-lifetime", "1m",
	"--access-token-lifetime", "1m", "--session-lifetime", "5m", "--session-idle", "5m",
}

// leastSoak is how long a soak has to last before it can say whether something grows.
const leastSoak = 10 * time.Minute

type soakReport struct {
	For    time.Duration `json:"for_ns"`
	Done   soaked        `json:"done"`
	First  sample        `json:"first"` // after the warm-up
	Last   sample        `json:"last"`
	Trends []trend       `json:"trends"`
	// BytesPerLogin is how much the database grew for each: what is kept of it, and its
	// journal.
	BytesPerLogin int64 `json:"bytes_per_login"`
	enough        bool
}

// soaked counts what was done.
type soaked struct {
	Logins      int64  `json:"logins"`
	Refreshes   int64  `json:"refreshes"`
	Introspects int64  `json:"introspections"`
	Denied      int64  `json:"denied"`
	Expired     int64  `json:"expired"`
	Failures    int64  `json:"failures"`
	Failure     string `json:"failure,omitempty"` // the first one
}

// String is the result for people.
func (r soakReport) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s of mixed load: %d logins with push, %d refreshes, %d introspections, %d denied, %d expired before a page; %d failures\n",
		r.For.Round(time.Second), r.Done.Logins, r.Done.Refreshes, r.Done.Introspects, r.Done.Denied, r.Done.Expired, r.Done.Failures)
	if r.Done.Failure != "" {
		fmt.Fprintf(&b, "  the first failure: %s\n", r.Done.Failure)
	}
	fmt.Fprintf(&b, "%-12s %10s %10s %10s %12s\n", "", "at first", "at last", "mean", "grew by")
	for _, t := range r.Trends {
		fmt.Fprintf(&b, "%-12s %10.1f %10.1f %10.1f %12.2f  %s\n", t.Name, t.First, t.Last, t.Mean, t.Growth, r.judged(t))
	}
	fmt.Fprintf(&b, "the database grew by %d bytes for a login", r.BytesPerLogin)
	return b.String()
}

func (r soakReport) judged(t trend) string {
	switch {
	case !r.enough:
		return "(too short to tell)"
	case t.Flat:
		return "flat"
	}
	return "NOT FLAT"
}

// Verdict is an error where something failed or grew.
func (r soakReport) Verdict() error {
	if r.Done.Failures > 0 {
		return fmt.Errorf("%d failures, the first: %s", r.Done.Failures, r.Done.Failure)
	}
	for _, t := range r.Trends {
		if r.enough && !t.Flat {
			return fmt.Errorf("%s grew by %.1f", t.Name, t.Growth)
		}
	}
	return nil
}

// soak loads a server with everything at once, for long.
func soak(ctx context.Context, s settings) (_ report, err error) {
	s.figures = true
	t, err := start(ctx, s, soakFlags...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.stop()) }()
	k := &soaking{target: t, most: int64(s.logins)}
	progress("setting up %d people with their phones", s.workers+2)
	if err := k.prepare(ctx, s.workers); err != nil {
		return nil, err
	}
	progress("loading it for %s", s.each)
	around, end := context.WithTimeout(ctx, s.each)
	defer end()
	k.end = end
	began := time.Now()
	var all sync.WaitGroup
	for i := range s.workers {
		all.Go(func() {
			k.repeat(around, 200*time.Millisecond, func(ctx context.Context) error { return k.wholeLogin(ctx, i) })
		})
	}
	all.Go(func() {
		k.repeat(around, mindful, func(ctx context.Context) error { return k.denied(ctx, around, s.workers) })
	})
	all.Go(func() {
		k.repeat(around, mindful, func(ctx context.Context) error { return k.expired(ctx, around, s.workers+1) })
	})
	samples, sampling := t.samples(around, max(100*time.Millisecond, min(s.each/200, 15*time.Second)), &k.done)
	all.Wait()
	if ctx.Err() != nil && sampling == nil {
		sampling = ctx.Err()
	}
	r := soakReport{For: time.Since(began), Done: k.done}
	r.enough = r.For >= leastSoak
	r.tell(samples)
	return r, sampling
}

// tell fits the trends after the first third, in which caches fill.
func (r *soakReport) tell(all []sample) {
	if len(all) < 3 {
		return
	}
	steady := all[len(all)/3:]
	r.First, r.Last = steady[0], steady[len(steady)-1]
	r.Trends = trends(steady)
	if logins := r.Last.Logins - r.First.Logins; logins > 0 {
		r.BytesPerLogin = int64((r.Last.DatabaseMiB - r.First.DatabaseMiB) * (1 << 20) / float64(logins))
	}
}

// soaking is a soak on its way.
type soaking struct {
	*target
	asking, service app
	people          []soaker
	done            soaked
	most            int64 // logins after which it ends, 0 for never
	end             func()
	mu              sync.Mutex // for the first failure
}

// mindful is how long somebody waits who said no or nothing: a person who was asked in vain
// is not asked again for ten seconds.
const mindful = 11 * time.Second

// repeat does something until ctx ends. What is under way then is finished.
func (k *soaking) repeat(ctx context.Context, rest time.Duration, do func(context.Context) error) {
	for ctx.Err() == nil {
		whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		err := do(whole)
		cancel()
		if err != nil {
			k.fails(err)
		}
		_ = pause.For(ctx, rest)
	}
}

func (k *soaking) fails(err error) {
	atomic.AddInt64(&k.done.Failures, 1)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.done.Failure == "" {
		k.done.Failure = err.Error()
	}
}
