// Package queue works off what waits as rows of a table. It may run on every node: each
// row is claimed before it is tried, and one whose node died becomes due again. What a row
// means, when it is due and what becomes of it stay with whoever owns the table.
package queue

import (
	"context"
	"sync"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Runner tries rows of one table. All fields must be set.
type Runner[T any] struct {
	DB     *db.DB
	Topic  string // announced when rows were added
	AtOnce int    // how many are tried at once
	Batch  int    // how many are read and claimed at once, at most
	// Poll is how often rows are looked for without a hint: it finds those whose hint was
	// lost, and those that are due again.
	Poll time.Duration

	// Due returns rows whose time has come, at most limit of them.
	Due func(ctx context.Context, limit int) ([]T, error)
	// ClaimTx takes a row until a moment of its choice, and returns it as it stands then.
	// It returns false if another node was faster, or if the row is no longer due.
	ClaimTx func(tx *db.Tx, row T) (T, bool, error)
	// Try makes one try and notes what became of it. Its context does not end with Run's.
	Try func(ctx context.Context, row T)
	// Unread is told why rows could not be read or claimed. They are, later.
	Unread func(ctx context.Context, err error)
}

// round is what one Run has under way.
type round struct {
	tries sync.WaitGroup
	slots chan struct{}
	freed chan struct{}
}

// Run tries rows until ctx ends, and returns when the tries under way are over. At rest it
// only reads.
func (q *Runner[T]) Run(ctx context.Context) {
	hints := q.DB.Subscribe(q.Topic)
	defer hints.Close()
	r := &round{slots: make(chan struct{}, q.AtOnce), freed: make(chan struct{}, 1)}
	defer r.tries.Wait()
	tick := time.NewTicker(q.Poll)
	defer tick.Stop()
	for {
		freed := r.freed
		if !q.turn(ctx, r) {
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

// turn starts a try for everything that is due and has a slot. It returns whether
// something may be left.
func (q *Runner[T]) turn(ctx context.Context, r *round) (more bool) {
	for ctx.Err() == nil {
		limit := min(q.Batch, cap(r.slots)-len(r.slots))
		if limit == 0 {
			return true
		}
		due, err := q.Due(ctx, limit)
		if err == nil && len(due) > 0 {
			err = q.claim(ctx, due, func(claimed T) { q.start(ctx, r, claimed) })
		}
		if err != nil {
			q.Unread(ctx, err)
			return false
		}
		if len(due) < limit {
			return false
		}
	}
	return false
}

// claim takes what another node has not taken.
func (q *Runner[T]) claim(ctx context.Context, due []T, each func(T)) error {
	var ours []T
	err := q.DB.Write(ctx, func(tx *db.Tx) error {
		ours = ours[:0]
		for _, row := range due {
			claimed, taken, err := q.ClaimTx(tx, row)
			if err != nil {
				return err
			}
			if taken {
				ours = append(ours, claimed)
			}
		}
		return nil
	})
	if err == nil {
		for _, row := range ours {
			each(row)
		}
	}
	return err
}

func (q *Runner[T]) start(ctx context.Context, r *round, claimed T) {
	r.slots <- struct{}{} // there is one: only turn takes them
	r.tries.Go(func() {
		defer func() {
			<-r.slots
			select {
			case r.freed <- struct{}{}:
			default:
			}
		}()
		// A try that was begun is finished when the server goes down: what became of it
		// would be lost otherwise.
		q.Try(context.WithoutCancel(ctx), claimed)
	})
}
