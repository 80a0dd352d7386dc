package rows_test

import (
	"bytes"
	"reflect"
	"slices"
	"testing"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/rows"
)

func tables(t *testing.T, d *db.DB) (all []rows.Table) {
	t.Helper()
	err := d.Snapshot(t.Context(), func(s *db.Snapshot) (err error) {
		all, err = rows.Tables(s)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// content is every row of every table, encoded.
func content(t *testing.T, d *db.DB) map[string][][]byte {
	t.Helper()
	all := map[string][][]byte{}
	err := d.Snapshot(t.Context(), func(s *db.Snapshot) error {
		tables, err := rows.Tables(s)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if err := table.Read(s, func(row []any) error {
				encoded, err := rows.Append(nil, row)
				all[table.Name] = append(all[table.Name], encoded)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestBothEnginesHaveTheSameTables(t *testing.T) {
	sqlite, postgres := tables(t, dbtest.SQLite(t)), tables(t, dbtest.Postgres(t))
	if len(sqlite) < 40 || len(sqlite) != len(postgres) {
		t.Fatalf("got %d and %d tables", len(sqlite), len(postgres))
	}
	for i, s := range sqlite {
		p := postgres[i]
		names := func(t rows.Table) (all []string) {
			for _, c := range t.Columns {
				all = append(all, c.Name)
			}
			return all
		}
		if s.Name != p.Name || !slices.Equal(names(s), names(p)) || !slices.Equal(s.Key, p.Key) {
			t.Errorf("got %+v and %+v", s, p)
		}
	}
}

// sample fills tables that stand for all: with NULL, truth values, bytes, text that
// collations sort in their own way, a key of two columns, and references.
func sample(t *testing.T, d *db.DB) {
	t.Helper()
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		for _, name := range []string{"b", "A", "a", "Z", "ä", "a b", "a_b"} {
			if _, err := tx.Exec(`INSERT INTO users (id, name, name_key, state, claims, created_at, updated_at)
				VALUES ($1, $2, $2, 'active', '{"x":"ü\n"}', 1, $3)`, "usr_"+name, name, int64(1)<<62); err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO groups (id, name, name_key, created_at) VALUES ($1, $1, $1, 1)", "grp_"+name); err != nil {
				return err
			}
			if _, err := tx.Exec("INSERT INTO group_members (group_id, user_id, added_at) VALUES ($1, $2, -1)", "grp_"+name, "usr_"+name); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO devices (id, user_id, name, kind, state, verification, public_key, thumbprint, push_secret, push_on, created_at)
				VALUES ($1, $2, '', 'web', 'active', 'pin', '', $1, $3, $4, 1)`, "dev_"+name, "usr_"+name, []byte{0, 255}, name < "b"); err != nil {
				return err
			}
		}
		if _, err := tx.Exec("INSERT INTO replays (kind, hash, expires_at) VALUES ('no bytes', $1, 1)", []byte{}); err != nil {
			return err
		}
		for i := range 2499 {
			if _, err := tx.Exec("INSERT INTO replays (kind, hash, expires_at) VALUES ('x', $1, 1)", []byte{byte(i >> 8), byte(i)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestRowsMoveBetweenEnginesUnchanged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, from *db.DB) {
		sample(t, from)
		for _, to := range []*db.DB{dbtest.SQLite(t), dbtest.Postgres(t)} {
			err := from.Snapshot(t.Context(), func(s *db.Snapshot) error {
				return to.Write(t.Context(), func(tx *db.Tx) error {
					target, err := rows.Tables(tx)
					if err != nil {
						return err
					}
					if err := rows.EmptyTx(tx, target); err != nil {
						return err
					}
					for _, table := range target {
						var batch [][]any
						if err := table.Read(s, func(row []any) error { batch = append(batch, row); return nil }); err != nil {
							return err
						}
						if err := table.WriteTx(tx, batch); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if err != nil {
				t.Fatal(err)
			}
			want, got := content(t, from), content(t, to)
			if len(want["users"]) != 7 || len(want["replays"]) != 2500 || !reflect.DeepEqual(want, got) {
				t.Errorf("to %s: the rows differ", to.Engine())
			}
		}
	})
}

func TestASnapshotDoesNotChangeWhileOthersWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Snapshot(t.Context(), func(s *db.Snapshot) error {
			var before, after int
			if err := s.Get(&before, "SELECT count(*) FROM users"); err != nil {
				return err
			}
			sample(t, d)
			if err := s.Get(&after, "SELECT count(*) FROM users"); err != nil {
				return err
			}
			if before != 0 || after != 0 {
				t.Errorf("got %d users before and %d after", before, after)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestOnlyWholeRowsAreDecoded(t *testing.T) {
	row := []any{nil, int64(-1), "text", []byte{0}, "", []byte{}}
	encoded, err := rows.Append(nil, row)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := rows.Decode(encoded, len(row)); err != nil || !reflect.DeepEqual(got, row) {
		t.Errorf("got %v, %v", got, err)
	}
	for i := range encoded {
		if _, err := rows.Decode(encoded[:i], len(row)); err == nil {
			t.Errorf("cut at %d: got no error", i)
		}
	}
	if _, err := rows.Decode(append(encoded, 'N'), len(row)); err == nil {
		t.Error("longer: got no error")
	}
}

func FuzzDecode(f *testing.F) {
	seed, _ := rows.Append(nil, []any{nil, int64(7), "x", []byte{1}})
	f.Add(seed, 4)
	f.Add([]byte("T\xff\xff\xff\xff"), 1)
	f.Fuzz(func(t *testing.T, encoded []byte, columns int) {
		if columns < 0 {
			return
		}
		row, err := rows.Decode(encoded, columns)
		if err != nil {
			return
		}
		if again, err := rows.Append(nil, row); err != nil || !bytes.Equal(again, encoded) {
			t.Errorf("got %x, %v, want %x", again, err, encoded)
		}
	})
}
