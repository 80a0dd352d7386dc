package mfa_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

func TestTwoNodesDoNotSendTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const people = 20
		for i := range people {
			w.phoneOf(fmt.Sprintf("usr_%d", i), protocol.VerifyPlain)
		}
		p := w.wakes()
		w.node()
		w.node()
		for _, err := range race(people, func(i int) error {
			ask := w.ask()
			ask.UserID, ask.Browser = fmt.Sprintf("usr_%d", i), fmt.Sprintf("browser-%d", i)
			_, err := w.try(ask)
			return err
		}) {
			must(t, err)
		}
		woken := map[string]int{}
		for range people {
			woken[p.next(t).device]++
		}
		p.none(t, w)
		if len(woken) != people {
			t.Errorf("got %d devices woken, want %d: %v", len(woken), people, woken)
		}
	})
}

// A node that takes a wake-up and is never heard of again.
func TestAWakeUpOfANodeThatDiedIsSentByAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := w.wakes(push.Unreachable)
		release := make(chan struct{})
		p.obstacle = release
		ask := w.ask()
		id := w.start(ask)
		first := p.next(t)
		w.withdraw("") // other transactions go on meanwhile
		w.pass(14 * time.Second)
		p.none(t, w)
		p.mu.Lock()
		p.obstacle = nil
		p.mu.Unlock()
		w.pass(2 * time.Second)
		w.node()
		if second := p.next(t); second != first {
			t.Errorf("got %+v, want the same wake-up %+v", second, first)
		}
		w.eventually(ask, id, "sent", sent)
		close(release) // the first node was only slow, and failed
		w.pass(10 * time.Second)
		p.none(t, w)
		w.eventually(ask, id, "still sent", sent)
	})
}

func TestANodeThatGoesDownFinishesWhatItBegan(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := &pager{arrived: make(chan call, 10), obstacle: make(chan struct{})}
		w.Pager = p
		stop := w.node()
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		stopped := make(chan struct{})
		go func() { defer close(stopped); stop() }()
		select {
		case <-stopped:
			t.Error("it went down while a try was under way")
		case <-time.After(200 * time.Millisecond):
		}
		close(p.obstacle)
		<-stopped
		if v := w.view(ask.LoginID, id); !sent(v) {
			t.Errorf("got %+v", v)
		}
	})
}

func TestNodesWithoutAPagerRestAndNobodyIsWoken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone := w.phone(protocol.VerifyPlain)
		(&push.Waker{DB: w.DB, Queue: w.Wakes(), Pager: w.Pager}).Run(t.Context()) // returns
		ask := w.ask()
		phone.approve(ask, w.start(ask))
	})
}

func TestAtRestNothingIsWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nod.db")
	open := func() *db.DB {
		d, err := db.Open(t.Context(), path)
		must(t, err)
		t.Cleanup(func() { d.Close() })
		return d
	}
	w := newWorld(t, open())
	w.phone(protocol.VerifyPlain)
	p := w.wakes(push.Throttled)
	w.start(w.ask())
	p.next(t)
	time.Sleep(200 * time.Millisecond)
	theirs := open()
	time.Sleep(300 * time.Millisecond)
	// Another process is woken by whatever ours writes.
	sub := theirs.Subscribe("anything")
	defer sub.Close()
	select {
	case <-sub.C:
		t.Error("something was written")
	case <-time.After(3 * time.Second):
	}
}
