package throttle_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/mfa/throttle"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func start(d *db.DB) (*throttle.Guesses, *clock) {
	c := &clock{time.Unix(1_700_000_000, 0)}
	return &throttle.Guesses{DB: d, Now: c.now}, c
}

var alice = throttle.Target{Account: "usr_alice", Authenticator: "password", IP: "192.0.2.7"}

func fail(t *testing.T, g *throttle.Guesses, target throttle.Target) time.Time {
	t.Helper()
	a, err := g.Reserve(t.Context(), target)
	if err != nil {
		t.Fatalf("reserve: %v", err)
	}
	var until time.Time
	err = g.DB.Write(t.Context(), func(tx *db.Tx) (err error) { until, err = g.WrongTx(tx, a); return err })
	if err != nil {
		t.Fatal(err)
	}
	return until
}

func TestTheDelayBeginsWithTheFifthFailureAndDoubles(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, c := start(d)
		for i := 1; i <= 4; i++ {
			if until := fail(t, g, alice); !until.IsZero() {
				t.Fatalf("failure %d: got a wait until %v, want none", i, until)
			}
		}
		for i, want := range []time.Duration{1, 2, 4, 8} {
			until := fail(t, g, alice)
			if got := until.Sub(c.t); got != want*time.Second {
				t.Fatalf("failure %d: got a wait of %v, want %v s", i+5, got, want)
			}
			var wait *throttle.WaitError
			if _, err := g.Reserve(t.Context(), alice); !errors.As(err, &wait) || !wait.Until.Equal(until) {
				t.Fatalf("too early: got %v, want a wait until %v", err, until)
			}
			c.t = until
		}
		elsewhere := alice
		elsewhere.IP = "198.51.100.1"
		if until := fail(t, g, elsewhere); !until.IsZero() {
			t.Errorf("another network: got a wait until %v, want none", until)
		}
	})
}

func TestASuccessBeginsAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, _ := start(d)
		for range 4 {
			fail(t, g, alice)
		}
		a, err := g.Reserve(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return throttle.RightTx(tx, a) }); err != nil {
			t.Fatal(err)
		}
		if until := fail(t, g, alice); !until.IsZero() {
			t.Errorf("got a wait until %v after one failure", until)
		}
	})
}

func TestParallelGoodAttemptsAreNotThrottled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, _ := start(d)
		var open []throttle.Attempt
		for range 50 {
			a, err := g.Reserve(t.Context(), alice)
			if err != nil {
				t.Fatal(err)
			}
			open = append(open, a)
		}
		for _, a := range open {
			if err := d.Write(t.Context(), func(tx *db.Tx) error { return throttle.RightTx(tx, a) }); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := g.Reserve(t.Context(), alice); err != nil {
			t.Errorf("after 50 good ones: got %v", err)
		}
	})
}

func TestAtAHundredTheDoorIsClosedToUnknownBrowsersAndOpenToKnownOnes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, c := start(d)
		for i := range 100 {
			guess := alice
			guess.IP = fmt.Sprintf("198.51.%d.1", i) // an attacker with many networks
			fail(t, g, guess)
		}
		var closed *throttle.ClosedError
		c.t = c.t.Add(24 * time.Hour)
		if _, err := g.Reserve(t.Context(), alice); !errors.As(err, &closed) {
			t.Errorf("unknown browser: got %v, want ClosedError", err)
		}
		var told int
		if err := d.Get(t.Context(), &told, "SELECT count(*) FROM audit WHERE action = 'guesses.closed'"); err != nil || told != 1 {
			t.Errorf("got %d journal entries, %v, want one", told, err)
		}
		if n, err := g.Sweep(t.Context(), 1000); err != nil || n != 0 && n != 100 {
			t.Errorf("sweep: got %d, %v", n, err)
		}
		c.t = c.t.Add(48 * time.Hour)
		if _, err := g.Sweep(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Reserve(t.Context(), alice); !errors.As(err, &closed) {
			t.Errorf("after a sweep: got %v, want ClosedError", err)
		}
		known := alice
		known.KnownBrowser = "brw_1"
		if _, err := g.Reserve(t.Context(), known); err != nil {
			t.Errorf("known browser: got %v, want it open", err)
		}
		other := alice
		other.Authenticator = "typed"
		if _, err := g.Reserve(t.Context(), other); err != nil {
			t.Errorf("another authenticator: got %v, want it open", err)
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return throttle.UnlockTx(tx, "usr_alice", "password", "typed") }); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Reserve(t.Context(), alice); err != nil {
			t.Errorf("after unlock: got %v", err)
		}
	})
}

func TestAHundredHandsAtOnceGetAHundredGuessesAtMost(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, _ := start(d)
		var wg sync.WaitGroup
		var mu sync.Mutex
		reserved := 0
		for range 150 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				_, err := g.Reserve(t.Context(), alice)
				var closed *throttle.ClosedError
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					reserved++
				} else if !errors.As(err, &closed) {
					t.Errorf("got %v", err)
				}
			}()
		}
		wg.Wait()
		if reserved != 100 {
			t.Errorf("got %d reservations, want 100", reserved)
		}
	})
}

func TestAttemptsOfADeadProcessBecomeFailures(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, c := start(d)
		for range 100 {
			if _, err := g.Reserve(t.Context(), alice); err != nil {
				t.Fatal(err)
			}
		}
		c.t = c.t.Add(time.Hour)
		var closed *throttle.ClosedError
		if _, err := g.Reserve(t.Context(), alice); !errors.As(err, &closed) {
			t.Errorf("got %v, want ClosedError", err)
		}
	})
}

func TestADroppedAttemptCountsForNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		g, c := start(d)
		for range 200 {
			a, err := g.Reserve(t.Context(), alice)
			if err != nil {
				t.Fatal(err)
			}
			if err := g.Drop(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
		c.t = c.t.Add(time.Hour)
		if until := fail(t, g, alice); !until.IsZero() {
			t.Errorf("got a wait until %v", until)
		}
	})
}

func TestNetworksAreOneSourceEach(t *testing.T) {
	for ip, want := range map[string]string{
		"192.0.2.77": "192.0.2.0/24", "::ffff:192.0.2.77": "192.0.2.0/24",
		"2001:db8:1:203::9": "2001:db8:1:200::/56", "fe80::1%eth0": "fe80::/56", "": "none", "not an address": "none",
	} {
		if got := throttle.Network(ip); got != want {
			t.Errorf("%q: got %q, want %q", ip, got, want)
		}
	}
}
