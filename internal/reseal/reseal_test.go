package reseal_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/reseal"
	"github.com/nod-idp/nod/internal/seal"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written puts a sealed value into a row of its own.
func written(ctx context.Context, d *db.DB, box *seal.Box, id string) error {
	return d.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO outbox (id, kind, payload, state, made_at, expires_at) VALUES ($1, 'x', $2, 'done', 1, 1)`,
			id, box.Seal(seal.Place{Table: "outbox", Row: id, Column: "payload"}, []byte("text of "+id)))
		return err
	})
}

// opens demands that every row opens with one key alone.
func opens(t *testing.T, d *db.DB, in *instance.Instance, key *seal.Key, want int) {
	t.Helper()
	alone, err := instance.Open(t.Context(), d, key, time.Now())
	must(t, err)
	if string(alone.Box.Subkey("x")) != string(in.Box.Subkey("x")) {
		t.Error("the root secret is another one")
	}
	var all []struct {
		ID      string
		Payload []byte
	}
	must(t, d.Select(t.Context(), &all, "SELECT id, payload FROM outbox"))
	for _, r := range all {
		if got, err := alone.Box.Open(seal.Place{Table: "outbox", Row: r.ID, Column: "payload"}, r.Payload); err != nil || string(got) != "text of "+r.ID {
			t.Errorf("%s: got %q, %v", r.ID, got, err)
		}
	}
	if len(all) != want {
		t.Errorf("got %d rows, want %d", len(all), want)
	}
}

func TestEverythingIsSealedAnewHoweverOftenItIsStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		old, fresh := seal.NewKey(), seal.NewKey()
		in, err := instance.Open(t.Context(), d, seal.NewRing(old, fresh), time.Now())
		must(t, err)
		const count = 1050
		for i := range count {
			must(t, written(t.Context(), d, in.Box, fmt.Sprintf("out_%04d", i)))
		}
		must(t, in.TakeKey(t.Context(), d, fresh, time.Now()))
		stops := 0
		for done := int64(1); done > 0; {
			ctx, stop := context.WithCancel(t.Context())
			left := rand.IntN(4)
			j := &reseal.Job{DB: d, Box: in.Box, Progress: func(string, int64, int64) {
				if left--; left < 0 {
					stop()
				}
			}}
			done, err = j.Pass(ctx)
			stop()
			if errors.Is(err, context.Canceled) {
				stops++
				done = 1
			} else {
				must(t, err)
			}
		}
		if stops == 0 {
			t.Error("it was never stopped")
		}
		opens(t, d, in, fresh, count)
		if _, err := instance.Open(t.Context(), d, old, time.Now()); !errors.Is(err, instance.ErrWrongKey) {
			t.Errorf("with the old key: got %v, want ErrWrongKey", err)
		}
	})
}

func TestProcessesThatGoOnWritingFollow(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		old, fresh := seal.NewKey(), seal.NewKey()
		in, err := instance.Open(t.Context(), d, seal.NewRing(old, fresh), time.Now())
		must(t, err)
		served, err := instance.Open(t.Context(), d, seal.NewRing(old, fresh), time.Now())
		must(t, err)
		ctx, stop := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() { served.Follow(ctx, d, func(err error) { t.Errorf("told %v", err) }) })
		count := 0
		wg.Go(func() {
			for ; ctx.Err() == nil; count++ {
				if err := written(context.WithoutCancel(ctx), d, served.Box, fmt.Sprintf("out_%04d", count)); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Millisecond)
			}
		})
		time.Sleep(50 * time.Millisecond)
		must(t, in.TakeKey(t.Context(), d, fresh, time.Now()))
		for end := time.Now().Add(5 * time.Second); served.Box.Ring().Sealing() != fresh; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the other process did not follow")
			}
		}
		for n := int64(1); n > 0; {
			n, err = (&reseal.Job{DB: d, Box: in.Box}).Pass(t.Context())
			must(t, err)
		}
		stop()
		wg.Wait()
		opens(t, d, in, fresh, count)
	})
}

func TestAProcessThatLacksTheNewKeySaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		old, fresh := seal.NewKey(), seal.NewKey()
		in, err := instance.Open(t.Context(), d, seal.NewRing(old, fresh), time.Now())
		must(t, err)
		served, err := instance.Open(t.Context(), d, old, time.Now())
		must(t, err)
		ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
		defer stop()
		told := make(chan error, 1)
		var wg sync.WaitGroup
		wg.Go(func() { served.Follow(ctx, d, func(err error) { told <- err }) })
		must(t, in.TakeKey(t.Context(), d, fresh, time.Now()))
		select {
		case err := <-told:
			if !errors.Is(err, instance.ErrKeyMissing) {
				t.Errorf("got %v", err)
			}
		case <-ctx.Done():
			t.Error("got nothing")
		}
		stop()
		wg.Wait()
	})
}

// TestEverySealedValueIsFound holds every room to what Pass relies on: that the table of a
// place exists, that its row is the one column of the primary key, and that the column
// holds bytes.
func TestEverySealedValueIsFound(t *testing.T) {
	d := dbtest.SQLite(t)
	there := map[string]rows.Table{}
	must(t, d.Snapshot(t.Context(), func(s *db.Snapshot) error {
		all, err := rows.Tables(s)
		for _, table := range all {
			there[table.Name] = table
		}
		return err
	}))
	found := 0
	for _, place := range places(t) {
		found++
		table, ok := there[place.table]
		if !ok || len(table.Key) != 1 {
			t.Errorf("%s: the table %q is unknown or has not one column as its key", place.at, place.table)
			continue
		}
		bytes := false
		for _, c := range table.Columns {
			bytes = bytes || c.Kind == rows.Bytes && (c.Name == place.column || place.column == "")
		}
		if !bytes {
			t.Errorf("%s: %s.%s is no column of bytes", place.at, place.table, place.column)
		}
	}
	if found < 10 {
		t.Errorf("got %d places, want all", found)
	}
}

type where struct{ at, table, column string } // column is "" where it is a variable

// places reads every seal.Place of the sources.
func places(t *testing.T) (all []where) {
	t.Helper()
	root, set := filepath.Join("..", ".."), token.NewFileSet()
	must(t, filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "seal.Place{") || strings.Contains(path, "reseal") {
			return err
		}
		file, err := parser.ParseFile(set, path, text, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.CompositeLit)
			if !ok {
				return true
			}
			if s, ok := lit.Type.(*ast.SelectorExpr); !ok || s.Sel.Name != "Place" {
				return true
			}
			w := where{at: set.Position(lit.Pos()).String()}
			for _, e := range lit.Elts {
				pair := e.(*ast.KeyValueExpr)
				text := ""
				if basic, ok := pair.Value.(*ast.BasicLit); ok {
					text, _ = strconv.Unquote(basic.Value)
				}
				switch pair.Key.(*ast.Ident).Name {
				case "Table":
					w.table = text
				case "Column":
					w.column = text
				}
			}
			all = append(all, w)
			return true
		})
		return nil
	}))
	return all
}

func TestExchangedValuesAreNoticed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		old, fresh := seal.NewKey(), seal.NewKey()
		in, err := instance.Open(t.Context(), d, seal.NewRing(old, fresh), time.Now())
		must(t, err)
		must(t, written(t.Context(), d, in.Box, "out_a"))
		must(t, written(t.Context(), d, in.Box, "out_b"))
		must(t, d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE outbox SET payload = (SELECT payload FROM outbox o WHERE o.id <> outbox.id)`)
			return err
		}))
		must(t, in.TakeKey(t.Context(), d, fresh, time.Now()))
		if _, err := (&reseal.Job{DB: d, Box: in.Box}).Pass(t.Context()); !errors.Is(err, seal.ErrDamaged) {
			t.Errorf("got %v, want ErrDamaged instead of a new seal", err)
		}
	})
}
