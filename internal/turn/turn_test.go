package turn_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nod-idp/nod/internal/turn"
)

func TestNoMoreWorkThanThereAreTurns(t *testing.T) {
	turns := turn.New(3, 100, time.Minute)
	var working, most atomic.Int64
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			ctx, leave, err := turns.Take(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			defer leave()
			for range 5 {
				n := working.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				working.Add(-1)
				again := turn.Rest(ctx)
				time.Sleep(time.Millisecond)
				again()
			}
		})
	}
	all.Wait()
	if n := most.Load(); n > 3 {
		t.Errorf("%d worked at once, want 3 at most", n)
	}
	ctx, leave, err := turns.Take(t.Context()) // nothing leaked: all three can be had again
	for range 2 {
		if _, _, err := turns.Take(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if err != nil || ctx == nil {
		t.Error(err)
	}
	leave()
}

func TestACrowdIsSentAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := turn.New(1, 1, time.Second)
		_, leave, err := turns.Take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		waited := make(chan error)
		go func() { _, _, err := turns.Take(t.Context()); waited <- err }()
		synctest.Wait()
		if turns.Waiting() != 1 {
			t.Errorf("%d wait, want 1", turns.Waiting())
		}
		if _, _, err := turns.Take(t.Context()); !errors.Is(err, turn.ErrCrowded) || time.Since(began) != 0 {
			t.Errorf("with a full queue: got %v after %s, want ErrCrowded at once", err, time.Since(began))
		}
		if err := <-waited; !errors.Is(err, turn.ErrCrowded) || time.Since(began) != time.Second {
			t.Errorf("got %v after %s, want ErrCrowded after its patience", err, time.Since(began))
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := turns.Take(gone); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller who left: got %v", err)
		}
		leave()
		leave() // once more changes nothing
		if _, _, err := turns.Take(t.Context()); err != nil {
			t.Errorf("after it was given back: got %v", err)
		}
	})
}

func TestARestIsSomebodyElsesTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		turns := turn.New(1, 1, time.Second)
		ctx, leave, _ := turns.Take(t.Context())
		again := turn.Rest(ctx)
		turn.Rest(ctx)() // resting already
		_, other, err := turns.Take(t.Context())
		if err != nil {
			t.Fatalf("while the first rests: got %v", err)
		}
		back := make(chan struct{})
		go func() { again(); close(back) }()
		synctest.Wait()
		select {
		case <-back:
			t.Error("two hold the one turn")
		default:
		}
		other()
		<-back
		turn.Leave(ctx)
		leave() // does not give back what Leave gave back
		if _, _, err := turns.Take(t.Context()); err != nil {
			t.Errorf("after Leave: got %v", err)
		}
	})
}

func TestWithoutTurnsNothingWaits(t *testing.T) {
	var none *turn.Turns
	ctx, leave, err := none.Take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	turn.Rest(ctx)()
	turn.Leave(ctx)
	leave()
}
