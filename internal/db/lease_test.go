package db_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

const leaseLife = 10 * time.Second

func lend(t *testing.T, d *db.DB, holder string, at time.Time, want bool) db.Lease {
	t.Helper()
	l, held, err := d.Lease(t.Context(), "job", holder, at, leaseLife)
	if err != nil || held != want {
		t.Fatalf("%s: got %v, %v, want %v", holder, held, err, want)
	}
	return l
}

// works is one write of the job, conditional on its lease.
func works(ctx context.Context, d *db.DB, name string) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("INSERT INTO versions (name, version) VALUES ($1, 1)", name)
		return err
	})
}

func TestWhoeverStoodStillForTooLongWritesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Unix(1_700_000_000, 0)
		old := lend(t, d, "a", now, true)
		guard := old.Guard(t.Context())
		if err := works(guard, d, "at once"); err != nil {
			t.Fatal(err)
		}
		if again := lend(t, d, "a", now.Add(5*time.Second), true); again.Fence != old.Fence {
			t.Errorf("renewed: got fence %d after %d", again.Fence, old.Fence)
		}
		if err := works(guard, d, "renewed"); err != nil {
			t.Errorf("renewed: got %v", err)
		}
		// It ran out, and nobody else came.
		if err := works(guard, d, "late"); err != nil {
			t.Errorf("run out and not taken: got %v", err)
		}
		other := lend(t, d, "b", now.Add(16*time.Second), true)
		if other.Fence <= old.Fence {
			t.Errorf("taken over: got fence %d after %d", other.Fence, old.Fence)
		}
		if err := works(guard, d, "woken up"); !errors.Is(err, db.ErrFenced) {
			t.Errorf("the old holder wakes up: got %v, want ErrFenced", err)
		}
		if err := works(other.Guard(t.Context()), d, "the other"); err != nil {
			t.Errorf("the new holder: got %v", err)
		}
		// It gets its lease back, which does not revive what it began before.
		lend(t, d, "a", now.Add(30*time.Second), true)
		if err := works(guard, d, "from before"); !errors.Is(err, db.ErrFenced) {
			t.Errorf("work from before: got %v, want ErrFenced", err)
		}
		var written int
		if err := d.Get(t.Context(), &written, "SELECT count(*) FROM versions WHERE name IN ('woken up', 'from before')"); err != nil || written != 0 {
			t.Errorf("got %d rows of a holder that was fenced off, %v", written, err)
		}
	})
}

func TestARestoreEndsEveryLease(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Unix(1_700_000_000, 0)
		old := lend(t, d, "a", now, true)
		if err := d.Write(t.Context(), (*db.Tx).ForgetLeases); err != nil {
			t.Fatal(err)
		}
		if err := works(old.Guard(t.Context()), d, "from before"); !errors.Is(err, db.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
		if other := lend(t, d, "b", now, true); other.Fence <= old.Fence {
			t.Errorf("got fence %d after %d", other.Fence, old.Fence)
		}
	})
}

func TestOfManyThatTakeALeaseAtOnceOneMayWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Unix(1_700_000_000, 0)
		var mu sync.Mutex
		var all sync.WaitGroup
		holders := 0
		for i := range 8 {
			all.Go(func() {
				l, held, err := d.Lease(t.Context(), "job", string(rune('a'+i)), now, leaseLife)
				if err != nil {
					t.Error(err)
				}
				if held && works(l.Guard(t.Context()), d, "it") == nil {
					mu.Lock()
					holders++
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if holders != 1 {
			t.Errorf("%d wrote, want one", holders)
		}
	})
}
