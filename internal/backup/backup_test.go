package backup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// begun is an installation with some rows, one of them with every kind of value.
func begun(t testing.TB, d *db.DB) *Writer {
	t.Helper()
	ctx, ring := context.Background(), seal.NewRing(seal.NewKey())
	in, err := instance.Open(ctx, d, ring, time.Now())
	must(t, err)
	must(t, d.Write(ctx, func(tx *db.Tx) error {
		for _, name := range []string{"alice", "bob", "Ärger"} {
			if _, err := tx.Exec(`INSERT INTO users (id, name, name_key, state, created_at, updated_at)
				VALUES ($1, $1, $1, 'active', 1, 2)`, name); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO devices (id, user_id, name, kind, state, verification, public_key, thumbprint, push_secret, push_on, created_at)
				VALUES ($1, $1, '', 'web', 'active', 'pin', '', $1, $2, $3, 1)`, name, []byte{0, 1}, name == "bob"); err != nil {
				return err
			}
			if err := audit.Record(tx, audit.Entry{At: time.Now(), Action: "user.added", Subject: name}); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err = (&audit.Sealer{DB: d, Box: in.Box}).Seal(ctx)
	must(t, err)
	return &Writer{DB: d, Ring: ring, Nod: "test"}
}

// content is every row, encoded.
func content(t *testing.T, d *db.DB) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	must(t, d.Snapshot(t.Context(), func(s *db.Snapshot) error {
		tables, err := rows.Tables(s)
		if err != nil {
			return err
		}
		for _, table := range tables {
			if err := table.Read(s, func(row []any) error {
				encoded, err := rows.Append(nil, row)
				all[table.Name] = append(all[table.Name], string(encoded))
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	}))
	return all
}

func written(t testing.TB, w *Writer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "nod.backup")
	_, err := w.WriteFile(context.Background(), path, false, nil)
	must(t, err)
	return path
}

func TestABackupOfEitherEngineIsRestoredIntoEither(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := begun(t, d)
		file := &File{Path: written(t, w), Ring: w.Ring}
		scratch := t.TempDir()
		summary, err := file.Verify(t.Context(), scratch)
		must(t, err)
		if left, err := os.ReadDir(scratch); err != nil || len(left) > 0 {
			t.Errorf("verifying left %v, %v", left, err)
		}
		if summary.Engine != string(d.Engine()) || summary.Rows < 10 || summary.Bytes == 0 || summary.Epoch != 1 {
			t.Errorf("got %+v", summary)
		}
		want := content(t, d)
		for _, url := range []string{filepath.Join(t.TempDir(), "nod.db"), dbtest.PostgresURL(t)} {
			fill := func(tx *db.Tx) error { _, err := file.FillTx(tx); return err }
			must(t, db.Rebuild{Migration: summary.Migration, Fill: fill, Finish: func(*db.Tx) error { return nil }}.Run(t.Context(), url))
			to, err := db.Open(t.Context(), url)
			must(t, err)
			if got := content(t, to); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: the rows differ", to.Engine())
			}
			must(t, to.Close())
			again := db.Rebuild{Migration: summary.Migration, Fill: fill}.Run(t.Context(), url)
			if !errors.Is(again, db.ErrNotEmpty) {
				t.Errorf("into the same place again: got %v, want ErrNotEmpty", again)
			}
		}
	})
}

func TestARestoreThatFailsLeavesWhatWasThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := begun(t, d)
		file := &File{Path: written(t, w), Ring: w.Ring}
		summary, err := file.Check()
		must(t, err)
		for _, url := range []string{filepath.Join(t.TempDir(), "nod.db"), dbtest.PostgresURL(t)} {
			to, err := db.Open(t.Context(), url)
			must(t, err)
			begun(t, to)
			before := content(t, to)
			must(t, to.Close())
			failed := errors.New("failed")
			r := db.Rebuild{Migration: summary.Migration, Replace: true, Finish: func(*db.Tx) error { return failed }}
			r.Fill = func(tx *db.Tx) error { _, err := file.FillTx(tx); return err }
			if err := r.Run(t.Context(), url); !errors.Is(err, failed) {
				t.Errorf("got %v", err)
			}
			to, err = db.Open(t.Context(), url)
			must(t, err)
			if got := content(t, to); !reflect.DeepEqual(got, before) {
				t.Errorf("%s: it was changed", to.Engine())
			}
			must(t, to.Close())
		}
	})
}

func TestAServedPostgreSQLIsNotReplaced(t *testing.T) {
	url := dbtest.PostgresURL(t)
	d, err := db.Open(t.Context(), url)
	must(t, err)
	w := begun(t, d)
	time.Sleep(200 * time.Millisecond) // until it listens
	r := db.Rebuild{Migration: 1, Replace: true}
	if err := r.Run(t.Context(), url); !errors.Is(err, db.ErrServed) {
		t.Errorf("got %v, want ErrServed", err)
	}
	must(t, d.Close())
	_ = w
}

func TestADamagedBackupIsRefused(t *testing.T) {
	w := begun(t, dbtest.SQLite(t))
	path := written(t, w)
	good, err := os.ReadFile(path)
	must(t, err)
	check := func(text []byte, ring *seal.Ring) error {
		must(t, os.WriteFile(path, text, 0o600))
		_, err := (&File{Path: path, Ring: ring}).Check()
		return err
	}
	for at := 0; at < len(good); at += 1 + len(good)/200 {
		bad := bytes.Clone(good)
		bad[at] ^= 1
		if err := check(bad, w.Ring); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotBackup) && !errors.Is(err, ErrWrongKey) {
			t.Errorf("byte %d: got %v", at, err)
		}
		if err := check(good[:at], w.Ring); !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNotBackup) {
			t.Errorf("cut at %d: got %v", at, err)
		}
	}
	if err := check(append(bytes.Clone(good), 1), w.Ring); !errors.Is(err, ErrDamaged) {
		t.Errorf("longer: got %v", err)
	}
	if err := check(good, seal.NewRing(seal.NewKey())); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: got %v, want ErrWrongKey", err)
	}
	if bytes.Contains(good, []byte("alice")) || bytes.Contains(good, []byte("users")) {
		t.Error("it can be read without the key")
	}
}

func TestAnExistingFileIsKept(t *testing.T) {
	w := begun(t, dbtest.SQLite(t))
	path := written(t, w)
	before, err := os.ReadFile(path)
	must(t, err)
	if _, err := w.WriteFile(t.Context(), path, false, nil); !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want ErrExists", err)
	}
	refused := errors.New("refused")
	if _, err := w.WriteFile(t.Context(), path, true, func(string) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("one that cannot be verified: got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed, %v", err)
	}
	_, err = w.WriteFile(t.Context(), path, true, nil)
	must(t, err)
	if after, err := os.ReadFile(path); err != nil || bytes.Equal(before, after) {
		t.Errorf("the file was not replaced, %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("got %v, %v, want nothing but the file", entries, err)
	}
}

func TestWhatAKilledRunLeftIsRemovedAndALiveOneIsNot(t *testing.T) {
	w := begun(t, dbtest.SQLite(t))
	dir := t.TempDir()
	path := filepath.Join(dir, "b")
	must(t, os.WriteFile(filepath.Join(dir, ".b.part-123"), []byte("half"), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, ".other.part-1"), nil, 0o600))
	_, err := w.WriteFile(t.Context(), path, false, func(first string) error {
		_, err := w.WriteFile(t.Context(), path, false, nil) // beside the one under way
		must(t, err)
		if _, err := os.Stat(first); err != nil {
			t.Errorf("the file of a live run was removed: %v", err)
		}
		return nil
	})
	if !errors.Is(err, ErrExists) {
		t.Errorf("got %v, want the slower one refused", err)
	}
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if strings.Join(names, " ") != ".other.part-1 b" {
		t.Errorf("got %v", names)
	}
}

func FuzzBackup(f *testing.F) {
	ring := seal.NewRing(seal.NewKey())
	f.Add([]byte(magic))
	f.Add(append([]byte(magic), ring.Sealing().Mark()...))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := open(bytes.NewReader(text), ring)
		if err != nil {
			return
		}
		if _, err := r.walk(nobody()); err == nil {
			t.Error("a backup that nobody sealed")
		}
	})
}

// FuzzFrames tries what stands inside, as only somebody with the key could write it.
func FuzzFrames(f *testing.F) {
	var good bytes.Buffer
	_ = writeJSON(&good, frameHead, Head{Instance: "ins_1"})
	_ = writeJSON(&good, frameTable, table{Name: "t", Columns: []column{{"a", "text"}}})
	_ = writeFrame(&good, frameRow, []byte("N"))
	_ = writeJSON(&good, frameEnd, end{Rows: 1})
	_ = writeJSON(&good, frameLast, last{1, 1})
	f.Add(good.Bytes())
	f.Add([]byte("H\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, _ = of(bytes.NewReader(text)).walk(nobody())
	})
}
