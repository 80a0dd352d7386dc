package rows_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/rows"
)

func TestACopyHoldsEveryRowAndGoesIntoAnEmptyDatabaseOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, from *db.DB) {
		sample(t, from)
		for _, to := range []*db.DB{dbtest.SQLite(t), dbtest.Postgres(t)} {
			told := map[string]int64{}
			note := func(c rows.Copied) { told[c.Table] = c.Rows }
			if err := rows.Copy(t.Context(), from, to, note); err != nil {
				t.Fatal(err)
			}
			want := content(t, from)
			if !reflect.DeepEqual(want, content(t, to)) {
				t.Errorf("to %s: the rows differ", to.Engine())
			}
			if len(told) != len(tables(t, from)) || told["users"] != 7 || told["replays"] != 2500 || told["sessions"] != 0 {
				t.Errorf("told %v", told)
			}
			if err := rows.Copy(t.Context(), from, to, note); !errors.Is(err, rows.ErrNotEmpty) {
				t.Errorf("once more: got %v, want ErrNotEmpty", err)
			}
		}
	})
}

// Litestream keeps two tables of its own in the database that it follows.
func TestTablesOfOtherProgramsAreNotCopied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, from *db.DB) {
		sample(t, from)
		want := content(t, from)
		err := from.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("CREATE TABLE _litestream_lock (id INTEGER)")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		to := dbtest.SQLite(t)
		if err := rows.Copy(t.Context(), from, to, func(rows.Copied) {}); err != nil || !reflect.DeepEqual(want, content(t, to)) {
			t.Errorf("got %v, or rows that differ", err)
		}
	})
}

func TestACopyThatArrivesAlteredIsNoticedAndEmptied(t *testing.T) {
	from, to := dbtest.Postgres(t), dbtest.SQLite(t)
	sample(t, from)
	err := to.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("CREATE TRIGGER spoils AFTER INSERT ON users BEGIN UPDATE users SET claims = '{}' WHERE id = new.id; END")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := rows.Copy(t.Context(), from, to, func(rows.Copied) {}); !errors.Is(err, rows.ErrDiffers) {
		t.Errorf("got %v, want ErrDiffers", err)
	}
	if left := content(t, to); len(left) != 0 {
		t.Errorf("got %d tables with rows, want none", len(left))
	}
}
