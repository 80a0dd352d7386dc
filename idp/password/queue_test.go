package password

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// slow returns a Hasher whose hashes take a second of the bubble's time, and the highest number of them
// that ever ran at once.
func slow(concurrency, waiting int) (*Hasher, *atomic.Int64) {
	var running, highest atomic.Int64
	h := &Hasher{Concurrency: concurrency, Queue: waiting, rested: func() {}}
	h.derive = func(_, _ []byte, _, _ uint32, _ uint8, size uint32) []byte {
		now := running.Add(1)
		defer running.Add(-1)
		for old := highest.Load(); now > old && !highest.CompareAndSwap(old, now); old = highest.Load() {
		}
		time.Sleep(time.Second)
		return make([]byte, size)
	}
	return h, &highest
}

func TestNeverMoreHashesAtOnceThanConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, highest := slow(3, 100)
		begin := time.Now()
		var wait sync.WaitGroup
		for range 30 {
			wait.Go(func() {
				if err := h.VerifyNobody(t.Context(), "swordfish"); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if got := highest.Load(); got != 3 {
			t.Errorf("got %d hashes at once, want 3", got)
		}
		if got := h.Hashes(); got != 30 {
			t.Errorf("got %d hashes, want 30", got)
		}
		if got, want := time.Since(begin), 10*time.Second; got != want {
			t.Errorf("took %v, want %v: the slots were not all used", got, want)
		}
	})
}

func TestOverTheQueueNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := slow(2, 4)
		if err := h.VerifyNobody(t.Context(), "swordfish"); err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		var busy, served atomic.Int64
		begin := time.Now()
		for range 10 {
			wait.Go(func() {
				err := h.VerifyNobody(t.Context(), "swordfish")
				if err == nil {
					served.Add(1)
					return
				}
				var full *BusyError
				if !errors.Is(err, ErrBusy) || !errors.As(err, &full) {
					t.Errorf("got %v, want ErrBusy", err)
				} else if full.RetryAfter != 3 {
					t.Errorf("got %d s to retry after, want 3: four waiting, two at once, a second each", full.RetryAfter)
				}
				if waited := time.Since(begin); waited != 0 {
					t.Errorf("was refused after %v, want at once", waited)
				}
				busy.Add(1)
			})
		}
		wait.Wait()
		if busy.Load() != 4 || served.Load() != 6 {
			t.Errorf("got %d refused and %d served, want 4 and 6", busy.Load(), served.Load())
		}
		if err := h.VerifyNobody(t.Context(), "swordfish"); err != nil {
			t.Errorf("after the rush: %v", err)
		}
	})
}

func TestWhoStopsWaitingGivesItsPlaceToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := slow(1, 1)
		var wait sync.WaitGroup
		wait.Go(func() { h.VerifyNobody(t.Context(), "computes") })
		synctest.Wait()

		ctx, cancel := context.WithCancel(t.Context())
		var left error
		wait.Go(func() { left = h.VerifyNobody(ctx, "waits, then leaves") })
		synctest.Wait()
		if err := h.VerifyNobody(t.Context(), "finds the queue full"); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		cancel()
		synctest.Wait()
		if !errors.Is(left, context.Canceled) {
			t.Errorf("got %v, want context.Canceled", left)
		}
		if err := h.VerifyNobody(t.Context(), "takes the place"); err != nil {
			t.Error(err)
		}
		wait.Wait()
		if got := h.Hashes(); got != 2 {
			t.Errorf("got %d hashes, want 2: nothing is computed for who left", got)
		}
	})
}

func TestAnEndedContextComputesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := quick()
	if err := h.VerifyNobody(ctx, "swordfish"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if h.Hashes() != 0 {
		t.Error("a hash was computed")
	}
}

func TestANegativeQueueMeansThatNobodyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := slow(1, -1)
		var wait sync.WaitGroup
		wait.Go(func() { h.VerifyNobody(t.Context(), "computes") })
		synctest.Wait()
		if err := h.VerifyNobody(t.Context(), "swordfish"); !errors.Is(err, ErrBusy) {
			t.Errorf("got %v, want ErrBusy", err)
		}
		wait.Wait()
	})
}

func TestTheDefaultQueueIsThirtyTwoForEachSlot(t *testing.T) {
	h := &Hasher{Concurrency: 5}
	if err := h.Validate(); err != nil {
		t.Fatal(err)
	}
	if h.queue.limit != 160 || cap(h.queue.slots) != 5 {
		t.Errorf("got %d waiting and %d slots, want 160 and 5", h.queue.limit, cap(h.queue.slots))
	}
}

func TestMemoryIsGivenBackOnceAfterEveryBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := slow(2, 10)
		var rested atomic.Int64
		h.rested = func() { rested.Add(1) }
		burst := func() {
			var wait sync.WaitGroup
			for range 6 {
				wait.Go(func() { h.VerifyNobody(t.Context(), "swordfish") })
			}
			wait.Wait()
		}
		burst()
		time.Sleep(restAfter - time.Millisecond)
		burst()
		if got := rested.Load(); got != 0 {
			t.Errorf("got %d times between two bursts, want none", got)
		}
		time.Sleep(time.Hour)
		if got := rested.Load(); got != 1 {
			t.Errorf("got %d times after the last burst, want once", got)
		}
		burst()
		time.Sleep(time.Hour)
		if got := rested.Load(); got != 2 {
			t.Errorf("got %d times after another burst, want twice", got)
		}
	})
}

func TestTheRestOfAHashUnderWayIsNotDisturbed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := slow(2, 10)
		var rested atomic.Int64
		h.rested = func() { rested.Add(1) }
		h.VerifyNobody(t.Context(), "swordfish")
		time.Sleep(restAfter - time.Second/2)
		h.VerifyNobody(t.Context(), "still computes when the five seconds are over")
		if got := rested.Load(); got != 0 {
			t.Errorf("got %d times during a hash, want none", got)
		}
		time.Sleep(time.Hour)
		if got := rested.Load(); got != 1 {
			t.Errorf("got %d times, want once", got)
		}
	})
}
