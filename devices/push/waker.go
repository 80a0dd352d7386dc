package push

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/internal/queue"
)

// Order asks that a device be woken. Whoever queued it keeps it as a row, and knows it
// by ID and DeviceID.
type Order struct {
	ID        string
	DeviceID  string  `db:"device_id"`
	WakeID    string  `db:"wake_id"`
	Attempts  int     // before this one
	NextAt    db.Time `db:"next_at"`
	ExpiresAt db.Time `db:"expires_at"` // from then on nobody wants it woken
}

// Queue is where orders wait. Each room that has something to tell devices has one.
type Queue interface {
	// Topic is announced when orders were queued.
	Topic() string
	// Due returns orders whose time has come, at most limit of them.
	Due(ctx context.Context, now time.Time, limit int) ([]Order, error)
	// ClaimTx takes an order until a moment; if whoever took it is gone by then, it is
	// due again. It returns false if another node was faster, or if it is no longer due.
	ClaimTx(tx *db.Tx, o Order, until time.Time) (bool, error)
	// SettleTx notes what became of an order, and when it is tried again, zero for never.
	SettleTx(tx *db.Tx, o Order, got Result, again time.Time) error
}

// Waking makes one try to wake a device; Pager does.
type Waking interface {
	Wake(ctx context.Context, deviceID, wakeID string, until time.Time) Result
}

// Waker is the job that wakes devices. It may run on every node: an order is claimed
// before it is sent, and one whose sender died is sent again under the same id.
type Waker struct {
	DB    *db.DB
	Queue Queue
	Pager Waking           // nil: nobody is woken
	Now   func() time.Time // nil means time.Now
	Log   *slog.Logger     // nil means slog.Default()
	// LongestPause is the most that passes between two tries; 0 means 30 s.
	LongestPause time.Duration
}

// Pace of waking.
const (
	wakesAtOnce = 128
	wakeBatch   = 64
	wakePoll    = 2 * time.Second // finds what a lost hint missed, and what is due again
	// One try is cut off at wakeWithin and its claim ends at claimLife, so that two
	// tries of one order never overlap.
	wakeWithin   = 12 * time.Second
	noteWithin   = 3 * time.Second
	claimLife    = 15 * time.Second
	firstBackoff = 2 * time.Second
	mostBackoff  = 30 * time.Second
)

// Run wakes devices until ctx ends, and returns when the tries under way are over. At
// rest it only reads.
func (w *Waker) Run(ctx context.Context) {
	if w.Pager == nil {
		return
	}
	q := queue.Runner[Order]{
		DB: w.DB, Topic: w.Queue.Topic(), AtOnce: wakesAtOnce, Batch: wakeBatch, Poll: wakePoll,
		Due: func(ctx context.Context, limit int) ([]Order, error) { return w.Queue.Due(ctx, w.now(), limit) },
		ClaimTx: func(tx *db.Tx, o Order) (Order, bool, error) {
			claimed, err := w.Queue.ClaimTx(tx, o, w.now().Add(claimLife))
			o.Attempts++
			return o, claimed, err
		},
		Try: w.try,
		Unread: func(ctx context.Context, err error) {
			w.report(ctx, "queued wake-ups cannot be read; it is tried again", err)
		},
	}
	q.Run(ctx)
}

func (w *Waker) try(ctx context.Context, o Order) {
	limited, cancel := context.WithTimeout(ctx, wakeWithin)
	defer cancel()
	got := w.Pager.Wake(limited, o.DeviceID, o.WakeID, o.ExpiresAt.Time)
	failpoint.Hit(failpoint.PushSent)
	again := w.again(o, got)
	noted, cancel := context.WithTimeout(ctx, noteWithin)
	defer cancel()
	if err := w.DB.Write(noted, func(tx *db.Tx) error { return w.Queue.SettleTx(tx, o, got, again) }); err != nil {
		w.report(ctx, "what became of a wake-up cannot be noted; it may be sent again", err)
	}
	if got.Outcome == Delivered || got.Outcome == Unsubscribed {
		return
	}
	w.log().Warn("a device was not woken", "for", o.ID, "device", o.DeviceID, "attempt", o.Attempts,
		"outcome", string(got.Outcome), "error", got.Err)
}

// again is when an order is tried again, zero for never.
func (w *Waker) again(o Order, got Result) time.Time {
	if !got.Again() {
		return time.Time{}
	}
	next := w.now().Add(w.backoff(o.Attempts))
	if got.Until.After(next) {
		next = got.Until
	}
	if !next.Before(o.ExpiresAt.Time) {
		return time.Time{}
	}
	return next
}

// backoff is the pause after the nth try.
func (w *Waker) backoff(attempts int) time.Duration {
	return min(cmp.Or(w.LongestPause, mostBackoff), firstBackoff<<min(attempts-1, 12))
}

func (w *Waker) report(ctx context.Context, what string, err error) {
	if ctx.Err() == nil {
		w.log().Error(what, "error", err)
	}
}

func (w *Waker) now() time.Time {
	if w.Now == nil {
		return time.Now()
	}
	return w.Now()
}

func (w *Waker) log() *slog.Logger {
	if w.Log == nil {
		return slog.Default()
	}
	return w.Log
}
