// Package turn bounds how many requests are worked on at the same time, so that a crowd at
// one door does not take the processor from those at another. Requests over the bound wait
// in a queue of a bounded length; beyond it they are sent away at once.
//
// Its words: a request holds a turn while it computes; it rests, and another may go on,
// while it only waits for something: a commit, a password's place among the hashes, another
// server, an event. What is asked of whom for how long stays with the doors.
package turn

import (
	"context"
	"errors"
	"time"
)

// ErrCrowded is returned when too many wait already, or when one waited in vain.
var ErrCrowded = errors.New("too many requests at once")

// Turns hands out turns. Make one with New; it is safe for concurrent use.
type Turns struct {
	free     chan struct{} // holds a token for each turn that is taken
	queue    chan struct{} // and one for each request that waits for its first turn
	patience time.Duration
}

// New makes n turns. As many as queue requests wait for one, each for as long as patience.
func New(n, queue int, patience time.Duration) *Turns {
	return &Turns{free: make(chan struct{}, n), queue: make(chan struct{}, queue), patience: patience}
}

// Waiting is how many requests wait for their first turn.
func (t *Turns) Waiting() int { return len(t.queue) }

// turn is held by one request, and used by its handler alone.
type turn struct {
	of   *Turns
	held bool
}

type key struct{}

// Take waits for a turn and returns a context that holds it, and how to give it back. It
// returns ErrCrowded or the error of ctx. Nil turns are unlimited.
func (t *Turns) Take(ctx context.Context) (context.Context, func(), error) {
	if t == nil {
		return ctx, func() {}, nil
	}
	select {
	case t.free <- struct{}{}:
	default:
		if err := t.wait(ctx); err != nil {
			return ctx, nil, err
		}
	}
	mine := &turn{of: t, held: true}
	return context.WithValue(ctx, key{}, mine), mine.leave, nil
}

func (t *Turns) wait(ctx context.Context) error {
	select {
	case t.queue <- struct{}{}:
	default:
		return ErrCrowded
	}
	defer func() { <-t.queue }()
	patience := time.NewTimer(t.patience)
	defer patience.Stop()
	select {
	case t.free <- struct{}{}:
		return nil
	case <-patience.C:
		return ErrCrowded
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *turn) leave() {
	if m.held {
		m.held = false
		<-m.of.free
	}
}

func (m *turn) again() {
	m.of.free <- struct{}{}
	m.held = true
}

var nothing = func() {}

// Rest gives the turn of ctx to somebody else until the function it returns is called,
// which waits for a turn once more: whoever was let in goes on, however many queue. Without
// a turn, or while it is resting already, both do nothing.
func Rest(ctx context.Context) (again func()) {
	mine, _ := ctx.Value(key{}).(*turn)
	if mine == nil || !mine.held {
		return nothing
	}
	mine.leave()
	return mine.again
}

// Leave gives the turn of ctx back for good: what follows only waits, as an event stream does.
func Leave(ctx context.Context) {
	if mine, _ := ctx.Value(key{}).(*turn); mine != nil {
		mine.leave()
	}
}
