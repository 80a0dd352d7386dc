package outbox

import (
	"context"
	"log/slog"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/queue"
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
	// Tried is told of every attempt and the state that its message has come to; nil means
	// that nobody counts.
	Tried func(kind string, to State)
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
// rest it only reads. An attempt that was begun is finished when the server goes down: else
// the message would be delivered twice.
func (j *Job) Run(ctx context.Context) {
	q := queue.Runner[row]{
		DB: j.DB, Topic: topic, AtOnce: atOnce, Batch: atOnce, Poll: pollEvery,
		Due: func(ctx context.Context, limit int) ([]row, error) { return j.readDue(ctx, j.now(), limit) },
		ClaimTx: func(tx *db.Tx, r row) (row, bool, error) {
			claimed, err := claimTx(tx, r, j.now().Add(claimLife))
			r.Attempts++
			return r, claimed, err
		},
		Try: j.try,
		Unread: func(ctx context.Context, err error) {
			j.report(ctx, "the outbox cannot be read; it is tried again", err)
		},
	}
	q.Run(ctx)
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
