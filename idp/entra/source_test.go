package entra_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
)

func TestEntrasKeysAreKeptForADayAndLookedForAgainOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		reads := func(want int, when string) {
			t.Helper()
			if got := w.fake.Reads(); got != want {
				t.Errorf("%s: the keys were fetched %d times, want %d", when, got, want)
			}
		}
		must(t, w.begin(w.hint(nil), nil))
		must(t, w.begin(w.hint(nil), nil))
		reads(1, "two hints")
		must(t, w.fake.Rotate())
		must(t, w.begin(w.hint(nil), nil))
		reads(2, "a new key")
		must(t, w.fake.Rotate())
		for range 3 {
			if err := w.begin(w.hint(nil), nil); !errors.Is(err, entra.ErrHint) {
				t.Errorf("another new key in the same minute: got %v", err)
			}
		}
		reads(2, "unknown keys within a minute")
		w.clock = w.clock.Add(time.Minute)
		must(t, w.begin(w.hint(nil), nil))
		reads(3, "a minute later")
		w.clock = w.clock.Add(24 * time.Hour)
		must(t, w.begin(w.hint(nil), nil))
		reads(4, "a day later")
	})
}

func TestWithoutEntrasKeysNothingIsBelieved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		must(t, w.fake.Close())
		err := w.begin(w.hint(nil), nil)
		var failure *entra.Failure
		if !errors.As(err, &failure) || failure.Code != idp.TemporarilyUnavailable || !errors.Is(err, entra.ErrUnreachable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestKnownKeysHoldWhileEntraIsAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.link()
		must(t, w.begin(w.hint(nil), nil))
		good := w.hint(nil)
		must(t, w.fake.Rotate())
		stranger := w.hint(nil)
		must(t, w.fake.Close())
		if err := w.begin(stranger, nil); !errors.Is(err, entra.ErrUnreachable) {
			t.Errorf("an unknown key: got %v", err)
		}
		must(t, w.begin(good, nil))
	})
}
