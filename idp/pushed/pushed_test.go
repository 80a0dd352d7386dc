package pushed_test

import (
	"errors"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/pushed"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

type world struct {
	*pushed.Requests
	clock time.Time
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{clock: time.Unix(1_800_000_000, 0)}
		w.Requests = &pushed.Requests{DB: d, Epoch: 1, Now: func() time.Time { return w.clock }}
		story(t, w)
	})
}

var parameters = url.Values{"state": {"s\u00e4"}, "resource": {"https://a.example", "https://b.example"}}

func (w *world) push(t testing.TB) string {
	t.Helper()
	reference, err := w.Push(t.Context(), "mail", parameters)
	if err != nil || !strings.HasPrefix(reference, pushed.Scheme) || !pushed.Refers(reference) || len(reference) > 512 {
		t.Fatalf("got %q, %v", reference, err)
	}
	return reference
}

func TestAReferenceIsUsedOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		reference := w.push(t)
		got, err := w.Use(t.Context(), "mail", reference)
		if err != nil || got.Encode() != parameters.Encode() {
			t.Fatalf("got %v, %v", got, err)
		}
		var used *pushed.UsedError
		if _, err := w.Use(t.Context(), "mail", reference); !errors.As(err, &used) || used.LoginID != "" {
			t.Errorf("a second time: got %v", err)
		}
		for _, login := range []string{"log_1", "log_2"} {
			if err := w.Led(t.Context(), reference, login); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.Use(t.Context(), "mail", reference); !errors.As(err, &used) || used.LoginID != "log_1" {
			t.Errorf("after a login: got %v", err)
		}
	})
}

func TestReferencesThatStandForNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		reference := w.push(t)
		other := &pushed.Requests{DB: w.DB, Epoch: 2, Now: w.Now}
		for name, use := range map[string]func() error{
			"another client's":      func() error { _, err := w.Use(t.Context(), "wiki", reference); return err },
			"cut":                   func() error { _, err := w.Use(t.Context(), "mail", reference[:len(reference)-1]); return err },
			"an address":            func() error { _, err := w.Use(t.Context(), "mail", "https://mail.example/r"); return err },
			"unknown":               func() error { _, err := w.Use(t.Context(), "mail", pushed.Scheme+"nop_x"); return err },
			"from before a restore": func() error { _, err := other.Use(t.Context(), "mail", reference); return err },
			"expired": func() error {
				w.clock = w.clock.Add(pushed.Life)
				_, err := w.Use(t.Context(), "mail", reference)
				w.clock = w.clock.Add(-pushed.Life)
				return err
			},
		} {
			if err := use(); !errors.Is(err, pushed.ErrNone) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if _, err := w.Use(t.Context(), "mail", reference); err != nil {
			t.Errorf("those used it up: %v", err)
		}
	})
}

func TestOfManyBrowsersOneUsesAReference(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		reference := w.push(t)
		var wg sync.WaitGroup
		var won atomic.Int32
		for range 32 {
			wg.Go(func() {
				var used *pushed.UsedError
				if _, err := w.Use(t.Context(), "mail", reference); err == nil {
					won.Add(1)
				} else if !errors.As(err, &used) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d used it, want 1", won.Load())
		}
	})
}

func TestWhatIsOverIsSwept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.push(t)
		w.clock = w.clock.Add(10 * time.Minute)
		if n, err := w.Sweep(t.Context(), 10); n != 0 || err != nil {
			t.Errorf("too early: got %d, %v", n, err)
		}
		w.clock = w.clock.Add(10 * time.Minute)
		if n, err := w.Sweep(t.Context(), 10); n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	})
}
