package audit_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// A sealer that stood still in the middle wakes up when another one has the lease.
func TestASealerThatWakesUpTooLateChainsNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Unix(1_700_000_000, 0)
		lend := func(holder string, at time.Time) db.Lease {
			l, held, err := d.Lease(t.Context(), "audit-seal", holder, at, 5*time.Second)
			if err != nil || !held {
				t.Fatalf("%s: got %v, %v", holder, held, err)
			}
			return l
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return audit.Record(tx, audit.Entry{At: now, Action: "test.done"}) }); err != nil {
			t.Fatal(err)
		}
		s := sealer(t, d)
		late, next := lend("a", now), lend("b", now.Add(6*time.Second))
		if n, err := s.Seal(late.Guard(t.Context())); !errors.Is(err, db.ErrFenced) || n != 0 {
			t.Errorf("the late one: got %d, %v, want ErrFenced", n, err)
		}
		if n, err := s.Seal(next.Guard(t.Context())); err != nil || n != 1 {
			t.Errorf("the next one: got %d, %v, want 1", n, err)
		}
		if _, err := audit.Verify(t.Context(), d, s.PublicKey()); err != nil {
			t.Error(err)
		}
	})
}
