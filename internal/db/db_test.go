package db_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestAWriteThatFailsTakesNothingOfItsNeighboursWithIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		refused := errors.New("refused")
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				err := d.Write(ctx, func(tx *db.Tx) error {
					if err := tx.Once("test", fmt.Sprint(i), time.Now().Add(time.Hour)); err != nil {
						return err
					}
					if i%2 == 1 {
						return refused
					}
					return nil
				})
				if (i%2 == 1) != errors.Is(err, refused) {
					t.Errorf("write %d: got %v", i, err)
				}
			}()
		}
		wg.Wait()
		var n int
		if err := d.Get(ctx, &n, "SELECT count(*) FROM replays"); err != nil || n != 50 {
			t.Errorf("got %d rows, %v, want 50", n, err)
		}
	})
}

func TestAValueIsUsedOnceUnderManyHands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		var mu sync.Mutex
		accepted := 0
		for range 50 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				err := d.Write(t.Context(), func(tx *db.Tx) error {
					return tx.Once("jti", "the same", time.Now().Add(time.Minute))
				})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					accepted++
				case !errors.Is(err, db.ErrReplayed):
					t.Errorf("got %v, want ErrReplayed", err)
				}
			}()
		}
		wg.Wait()
		if accepted != 1 {
			t.Errorf("got %d accepted, want 1", accepted)
		}
	})
}

func TestAPanicInAWriteRollsBackAndReachesItsCaller(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("got no panic")
				}
			}()
			_ = d.Write(t.Context(), func(tx *db.Tx) error {
				if err := tx.Once("test", "x", time.Now()); err != nil {
					t.Error(err)
				}
				panic("boom")
			})
		}()
		var n int
		if err := d.Get(t.Context(), &n, "SELECT count(*) FROM replays"); err != nil || n != 0 {
			t.Errorf("got %d rows, %v, want none", n, err)
		}
		if err := d.Ping(t.Context()); err != nil {
			t.Errorf("after the panic: %v", err)
		}
	})
}

func TestAnotherProcessIsHeard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod.db")
	urls := map[string]string{"sqlite": path, "postgres": dbtest.PostgresURL(t)}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			ours, theirs := mustOpen(t, url), mustOpen(t, url)
			time.Sleep(300 * time.Millisecond) // let the watcher see the state before
			sub := ours.Subscribe("door")
			defer sub.Close()
			if err := theirs.Write(t.Context(), func(tx *db.Tx) error {
				tx.Announce("door")
				return tx.Bump("clients")
			}); err != nil {
				t.Fatal(err)
			}
			select {
			case <-sub.C:
			case <-time.After(2 * time.Second):
				t.Error("got no wake-up within 2 s")
			}
		})
	}
}

func TestACacheIsReadAnewAfterABump(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		loads := 0
		c := db.NewCached(d, "clients", func(context.Context) (int, error) { loads++; return loads, nil })
		for range 3 {
			if v, err := c.Get(t.Context()); v != 1 || err != nil {
				t.Fatalf("got %d, %v, want 1", v, err)
			}
		}
		if err := d.Write(t.Context(), func(tx *db.Tx) error { return tx.Bump("clients") }); err != nil {
			t.Fatal(err)
		}
		if v, err := c.Get(t.Context()); v != 2 || err != nil {
			t.Errorf("got %d, %v, want 2", v, err)
		}
	})
}

func TestWhatACacheReadsIsNobodysWork(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		read := func(ctx context.Context) (n int, err error) {
			return n, d.Get(ctx, &n, "SELECT count(*) FROM versions")
		}
		ctx, statements := db.Counted(t.Context())
		if _, err := db.NewCached(d, "clients", read).Get(ctx); err != nil || statements.Load() != 0 {
			t.Errorf("through a cache: got %d statements, %v, want none", statements.Load(), err)
		}
		if _, err := read(ctx); err != nil || statements.Load() != 1 {
			t.Errorf("by itself: got %d statements, %v, want 1", statements.Load(), err)
		}
	})
}

func TestALeaseHasOneHolderUntilItRunsOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Unix(1_700_000_000, 0)
		for _, step := range []struct {
			holder string
			at     time.Duration
			held   bool
		}{{"a", 0, true}, {"b", time.Second, false}, {"a", 5 * time.Second, true}, {"b", 14 * time.Second, false}, {"b", 16 * time.Second, true}, {"a", 17 * time.Second, false}} {
			_, held, err := d.Lease(t.Context(), "job", step.holder, now.Add(step.at), 10*time.Second)
			if err != nil || held != step.held {
				t.Errorf("%s after %s: got %v, %v, want %v", step.holder, step.at, held, err, step.held)
			}
		}
	})
}

func mustOpen(t *testing.T, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}
