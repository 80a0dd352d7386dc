package outbox

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Deliver delivers the payload of one message. What it returns decides what becomes of
// the message: nil is delivered, a *DropError or a *FinalError ends it, anything else is
// tried again. It may be called twice for one id, also on two nodes, if the first one died meanwhile.
type Deliver func(ctx context.Context, id string, payload []byte) error

// DropError ends a message without a delivery: nobody wants it.
type DropError struct{ Reason string }

// Error says why there was nobody to deliver to.
func (e *DropError) Error() string { return e.Reason }

// FinalError gives a message up at once: to try again is in vain.
type FinalError struct{ Err error }

// Error says why.
func (e *FinalError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *FinalError) Unwrap() error { return e.Err }

// Job empties the outbox. It may run on every node: a message is claimed before it is
// delivered, and one whose node died is delivered by another one.
type Job struct {
	*Outbox
	Deliver map[string]Deliver // by kind
	Log     *slog.Logger       // nil means slog.Default()
}

// Pace of delivering.
const (
	atOnce     = 8
	pollEvery  = 2 * time.Second // finds what a lost hint missed, and what is due again
	noteWithin = 3 * time.Second
	// One attempt is cut off at tryWithin and its claim ends at claimLife, so that two
	// attempts at one message do not overlap.
	tryWithin = 30 * time.Second
	claimLife = 45 * time.Second
)

// Run delivers until ctx ends, and returns when the attempts under way are over. At
// rest it only reads.
func (j *Job) Run(ctx context.Context) {
	hints := j.DB.Subscribe(topic)
	defer hints.Close()
	r := &round{slots: make(chan struct{}, atOnce), freed: make(chan struct{}, 1)}
	defer r.tries.Wait()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		freed := r.freed
		if !j.turn(ctx, r) {
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

// turn begins an attempt at everything that is due and has a slot. It returns whether
// something may be left.
func (j *Job) turn(ctx context.Context, r *round) (more bool) {
	for ctx.Err() == nil {
		limit := cap(r.slots) - len(r.slots)
		if limit == 0 {
			return true
		}
		due, err := j.readDue(ctx, j.now(), limit)
		if err == nil && len(due) > 0 {
			err = j.claim(ctx, due, func(claimed row) { j.start(ctx, r, claimed) })
		}
		if err != nil {
			j.report(ctx, "the outbox cannot be read; it is tried again", err)
			return false
		}
		if len(due) < limit {
			return false
		}
	}
	return false
}

// claim takes what another node has not taken.
func (j *Job) claim(ctx context.Context, due []row, each func(row)) error {
	var ours []row
	err := j.DB.Write(ctx, func(tx *db.Tx) error {
		ours = ours[:0]
		until := j.now().Add(claimLife)
		for _, r := range due {
			claimed, err := claimTx(tx, r, until)
			if err != nil {
				return err
			}
			if claimed {
				r.Attempts++
				ours = append(ours, r)
			}
		}
		return nil
	})
	if err == nil {
		for _, r := range ours {
			each(r)
		}
	}
	return err
}

func (j *Job) start(ctx context.Context, r *round, claimed row) {
	r.slots <- struct{}{} // there is one: only turn takes them
	r.tries.Go(func() {
		defer func() {
			<-r.slots
			select {
			case r.freed <- struct{}{}:
			default:
			}
		}()
		// An attempt that was begun is finished when the server goes down: what became
		// of it would be lost otherwise, and the message delivered twice.
		j.try(context.WithoutCancel(ctx), claimed)
	})
}

func (j *Job) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		j.log().Error(what, "error", err)
	}
}

func (j *Job) log() *slog.Logger {
	if j.Log == nil {
		return slog.Default()
	}
	return j.Log
}
