package audit_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
)

func sealer(t *testing.T, d *db.DB) *audit.Sealer {
	t.Helper()
	box := seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("root secret of the test"))
	return &audit.Sealer{DB: d, Box: box}
}

func record(t *testing.T, d *db.DB, from, to int) {
	t.Helper()
	ctx := audit.From(t.Context(), audit.Origin{Actor: "cli:root", IP: "192.0.2.1", RequestID: "req_1"})
	for i := from; i < to; i++ {
		if err := d.Write(ctx, func(tx *db.Tx) error {
			return audit.Record(tx, audit.Entry{At: time.Unix(int64(i), 0), Action: "test.done", Subject: fmt.Sprint(i), Detail: map[string]any{"n": i}})
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTamperingWithTheJournalShows(t *testing.T) {
	for name, statement := range map[string]string{
		"a row deleted":           "DELETE FROM audit WHERE seq = 3",
		"the last row deleted":    "DELETE FROM audit WHERE seq = 5",
		"a row altered":           "UPDATE audit SET actor = 'user:somebody' WHERE seq = 2",
		"an address altered":      "UPDATE audit SET ip = '' WHERE seq = 2",
		"a detail altered":        "UPDATE audit SET detail = '{}' WHERE seq = 4",
		"the end cut with a head": "DELETE FROM audit WHERE seq > 3",
		"a head forged":           "UPDATE audit_heads SET signature = hash",
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, d *db.DB) {
				s := sealer(t, d)
				record(t, d, 0, 5)
				if n, err := s.Seal(t.Context()); n != 5 || err != nil {
					t.Fatalf("seal: got %d, %v", n, err)
				}
				if rep, err := audit.Verify(t.Context(), d, s.PublicKey()); err != nil || rep.Sealed != 5 {
					t.Fatalf("before: got %+v, %v", rep, err)
				}
				if err := d.Write(t.Context(), func(tx *db.Tx) error { _, err := tx.Exec(statement); return err }); err != nil {
					t.Fatal(err)
				}
				if _, err := audit.Verify(t.Context(), d, s.PublicKey()); !errors.Is(err, audit.ErrBroken) {
					t.Errorf("after: got %v, want ErrBroken", err)
				}
			})
		})
	}
}

func TestTheUnsealedTailIsReported(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := sealer(t, d)
		record(t, d, 0, 2)
		if _, err := s.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		record(t, d, 2, 5)
		rep, err := audit.Verify(t.Context(), d, s.PublicKey())
		if err != nil || rep.Sealed != 2 || rep.Unsealed != 3 {
			t.Errorf("got %+v, %v, want 2 sealed and 3 unsealed", rep, err)
		}
		rows, err := audit.Last(t.Context(), d, 2)
		if err != nil || len(rows) != 2 || rows[1].Subject != "4" || rows[1].Actor != "cli:root" || rows[1].IP != "192.0.2.1" {
			t.Errorf("last two: got %+v, %v", rows, err)
		}
	})
}
