package password

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// ErrBusy is what [BusyError] matches in errors.Is.
var ErrBusy = errors.New("too many passwords are waiting to be checked")

// BusyError is returned when the queue in front of a [Hasher] is full. Nothing was computed. A page
// answers 503 and sends RetryAfter in the header of the same name.
type BusyError struct {
	// RetryAfter is how long the queue that was found needs at its present speed, in whole seconds, 1 at
	// the least.
	RetryAfter int
}

// Error says that the queue is full.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%v, try again in %d s", ErrBusy, e.RetryAfter)
}

// Is makes errors.Is(err, ErrBusy) true.
func (e *BusyError) Is(target error) bool { return target == ErrBusy }

// queue lets a fixed number of goroutines through and a fixed number wait, first come, first served.
type queue struct {
	slots   chan struct{} // one value for each hash being computed
	limit   int64         // how many may wait
	waiting atomic.Int64
	last    atomic.Int64 // nanoseconds that the last hash took
	shed    atomic.Uint64
	rest    *time.Timer // started anew whenever the last one leaves
}

// restAfter is how long nothing is hashed before rested is called.
const restAfter = 5 * time.Second

// newQueue makes a queue that calls rested when nothing has been hashed for [restAfter] since the last
// hash, once for each such pause.
func newQueue(concurrency, waiting int, rested func()) *queue {
	q := &queue{slots: make(chan struct{}, concurrency), limit: int64(waiting)}
	q.rest = time.AfterFunc(restAfter, func() {
		if len(q.slots) == 0 {
			rested()
		}
	})
	q.rest.Stop()
	return q
}

// enter returns once the caller may compute; every nil result is followed by one leave. A caller whose
// context ends while it waits gives its place up at once.
func (q *queue) enter(ctx context.Context) error {
	// A context that is over wins over a free slot: the browser has gone and the work would be for nobody.
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	select {
	case q.slots <- struct{}{}:
		return nil
	default:
	}
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		q.shed.Add(1)
		return &BusyError{RetryAfter: q.retryAfter()}
	}
	defer q.waiting.Add(-1)
	select {
	// The runtime serves blocked senders in order, and hands them the slot directly, so a newcomer cannot
	// slip in before them.
	case q.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// leave frees the slot of a hash that took the given time.
func (q *queue) leave(took time.Duration) {
	q.last.Store(int64(took))
	<-q.slots
	if len(q.slots) == 0 {
		q.rest.Reset(restAfter)
	}
}

// retryAfter estimates how long the full queue takes to drain, in seconds, between 1 and 30. It is the
// same for everybody and says nothing about any account.
func (q *queue) retryAfter() int {
	drain := time.Duration(q.last.Load()) * time.Duration(q.limit) / time.Duration(cap(q.slots))
	return min(1+int(drain/time.Second), 30)
}

// Load is how busy a [Hasher] is.
type Load struct {
	Running int
	Slots   int // how many may run at once
	Waiting int
	Room    int    // how many may wait
	Shed    uint64 // turned away so far
	Hashes  uint64 // computed so far, with those that are running
}

// Load reads how busy the Hasher is at this moment.
func (h *Hasher) Load() Load {
	h.once.Do(h.init)
	q := h.queue
	return Load{
		Running: len(q.slots), Slots: cap(q.slots), Waiting: int(q.waiting.Load()), Room: int(q.limit),
		Shed: q.shed.Load(), Hashes: h.hashes.Load(),
	}
}
