package mfa

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// Waker is the job that wakes devices. It may run on every node: a wake-up is claimed
// before it is sent, and one whose sender died is sent again under the same id.
type Waker struct {
	Service *Service     // with its Pager
	Log     *slog.Logger // nil means slog.Default()
}

// Pace of waking.
const (
	wakesAtOnce = 128
	wakeBatch   = 64
	wakePoll    = 2 * time.Second // finds what a lost hint missed, and what is due again
	// One try is cut off at wakeWithin and its claim ends at claimLife, so that two
	// tries of one wake-up never overlap.
	wakeWithin   = 12 * time.Second
	noteWithin   = 3 * time.Second
	claimLife    = 15 * time.Second
	firstBackoff = 2 * time.Second
	mostBackoff  = 30 * time.Second
)

// Run wakes devices until ctx ends, and returns when the tries under way are over. At
// rest it only reads.
func (w *Waker) Run(ctx context.Context) {
	if w.Service.Pager == nil {
		return
	}
	hints := w.Service.DB.Subscribe(wakeTopic)
	defer hints.Close()
	r := &round{slots: make(chan struct{}, wakesAtOnce), freed: make(chan struct{}, 1)}
	defer r.tries.Wait()
	tick := time.NewTicker(wakePoll)
	defer tick.Stop()
	for {
		freed := r.freed
		if !w.turn(ctx, r) {
			freed = nil // nothing waits for a slot
		}
		select {
		case <-ctx.Done():
			return
		case _, open := <-hints.C:
			if !open { // the database is closed
				return
			}
		case <-tick.C:
		case <-freed:
		}
	}
}

// round is what one Run has under way.
type round struct {
	tries sync.WaitGroup
	slots chan struct{}
	freed chan struct{}
}

// turn starts a try for everything that is due and has a slot. It returns whether
// something may be left.
func (w *Waker) turn(ctx context.Context, r *round) (more bool) {
	for ctx.Err() == nil {
		limit := min(wakeBatch, cap(r.slots)-len(r.slots))
		if limit == 0 {
			return true
		}
		due, err := w.Service.due(ctx, w.Service.now(), limit)
		if err == nil && len(due) > 0 {
			err = w.claim(ctx, due, func(claimed wakeUp) { w.start(ctx, r, claimed) })
		}
		if err != nil {
			w.report(ctx, "queued wake-ups cannot be read; it is tried again", err)
			return false
		}
		if len(due) < limit {
			return false
		}
	}
	return false
}

// claim takes what another node has not taken.
func (w *Waker) claim(ctx context.Context, due []wakeUp, each func(wakeUp)) error {
	var ours []wakeUp
	err := w.Service.DB.Write(ctx, func(tx *db.Tx) error {
		ours = ours[:0]
		until := w.Service.now().Add(claimLife)
		for _, d := range due {
			claimed, err := claimTx(tx, d, until)
			if err != nil {
				return err
			}
			if claimed {
				d.Attempts++
				ours = append(ours, d)
			}
		}
		return nil
	})
	if err == nil {
		for _, d := range ours {
			each(d)
		}
	}
	return err
}

func (w *Waker) start(ctx context.Context, r *round, d wakeUp) {
	r.slots <- struct{}{} // there is one: only turn takes them
	r.tries.Go(func() {
		defer func() {
			<-r.slots
			select {
			case r.freed <- struct{}{}:
			default:
			}
		}()
		// A try that was begun is finished when the server goes down: what became of
		// it would be lost otherwise.
		w.try(context.WithoutCancel(ctx), d)
	})
}

func (w *Waker) try(ctx context.Context, d wakeUp) {
	limited, cancel := context.WithTimeout(ctx, wakeWithin)
	defer cancel()
	got := w.Service.Pager.Wake(limited, d.DeviceID, d.WakeID, d.ExpiresAt.Time)
	noted, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	if err := w.Service.settle(noted, d, got); err != nil {
		w.report(ctx, "what became of a wake-up cannot be noted; it may be sent again", err)
	}
	if got.Outcome == push.Delivered || got.Outcome == push.Unsubscribed {
		return
	}
	w.log().Warn("a device was not woken", "challenge", d.ChallengeID, "device", d.DeviceID, "attempt", d.Attempts,
		"outcome", string(got.Outcome), "error", got.Err)
}

// settle notes what became of a wake-up, and whether it is tried again before the
// challenge is over.
func (s *Service) settle(ctx context.Context, d wakeUp, got push.Result) error {
	now := s.now()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		switch got.Outcome {
		case push.Delivered:
			return sentTx(tx, d, now)
		case push.Unsubscribed: // meanwhile; the device is as one that never was
			return failedTx(tx, d, "", time.Time{})
		}
		return failedTx(tx, d, got.Outcome, again(d, got, now))
	})
}

// again is when a wake-up is tried again, zero for never.
func again(d wakeUp, got push.Result, now time.Time) time.Time {
	if !got.Again() {
		return time.Time{}
	}
	next := now.Add(backoff(d.Attempts))
	if got.Until.After(next) {
		next = got.Until
	}
	if !next.Before(d.ExpiresAt.Time) {
		return time.Time{}
	}
	return next
}

// backoff is the pause after the nth try.
func backoff(attempts int) time.Duration {
	return min(mostBackoff, firstBackoff<<min(attempts-1, 8))
}

func (w *Waker) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		w.log().Error(what, "error", err)
	}
}

func (w *Waker) log() *slog.Logger {
	if w.Log == nil {
		return slog.Default()
	}
	return w.Log
}
