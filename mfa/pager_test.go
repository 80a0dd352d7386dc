package mfa_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// pager stands in for Web Push. Every device is reachable but those it is told of.
type pager struct {
	mu       sync.Mutex
	deaf     map[string]bool
	answers  []push.Result // of the next wake-ups; Delivered after that
	arrived  chan call
	obstacle chan struct{} // if set, wake-ups wait until it is closed
}

type call struct {
	device, wake string
	until        time.Time
}

// ReachableTx knows all devices but the deaf.
func (p *pager) ReachableTx(_ *db.Tx, ids []string) (map[string]bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	reachable := map[string]bool{}
	for _, id := range ids {
		reachable[id] = !p.deaf[id]
	}
	return reachable, nil
}

// Wake answers as it was told to.
func (p *pager) Wake(_ context.Context, deviceID, wakeID string, until time.Time) push.Result {
	p.mu.Lock()
	c := call{deviceID, wakeID, until}
	got := push.Result{Outcome: push.Delivered}
	if len(p.answers) > 0 {
		got, p.answers = p.answers[0], p.answers[1:]
	}
	obstacle := p.obstacle
	p.mu.Unlock()
	p.arrived <- c
	if obstacle != nil {
		<-obstacle
	}
	return got
}

// wakes gives a world a pager and one node that uses it.
func (w *world) wakes(answers ...push.Outcome) *pager {
	w.t.Helper()
	p := &pager{deaf: map[string]bool{}, arrived: make(chan call, 1000)}
	for _, o := range answers {
		p.answers = append(p.answers, push.Result{Outcome: o, Err: errors.New("as the test wants it")})
	}
	w.Pager = p
	w.node()
	return p
}

// node runs one more node. stop ends it and waits for it, as the end of the test does.
func (w *world) node() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&push.Waker{DB: w.DB, Queue: w.Wakes(), Pager: w.Pager, Now: w.Now, Log: slog.New(slog.DiscardHandler)}).Run(ctx)
	}()
	stop = func() { cancel(); <-done }
	w.t.Cleanup(stop)
	return stop
}

// nudge is a hint that wake-ups were queued.
func (w *world) nudge() {
	w.write(func(tx *db.Tx) error { tx.Announce("wake-ups"); return nil })
}

// next waits for a wake-up.
func (p *pager) next(t testing.TB) call {
	t.Helper()
	select {
	case c := <-p.arrived:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no device was woken")
		return call{}
	}
}

// none makes sure that nothing is sent, poll and hint or not.
func (p *pager) none(t testing.TB, w *world) {
	t.Helper()
	w.nudge()
	select {
	case c := <-p.arrived:
		t.Errorf("got %+v, want no wake-up", c)
	case <-time.After(150 * time.Millisecond):
	}
}

// eventually waits until the view of a login's challenge is as wanted.
func (w *world) eventually(ask mfa.Ask, id, what string, wanted func(mfa.View) bool) {
	w.t.Helper()
	var v mfa.View
	for range 500 {
		if v = w.view(ask.LoginID, id); wanted(v) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Errorf("want %s, got %+v", what, v)
}

func sent(v mfa.View) bool    { return v.Progress == mfa.Sent }
func missed(v mfa.View) bool  { return v.Progress == mfa.Missed }
func waiting(v mfa.View) bool { return v.Progress == mfa.Queued }
