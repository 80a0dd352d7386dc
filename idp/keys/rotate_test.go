package keys

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// clock is a time that tests set. Two rings may share it.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// rotating is a started ring for one algorithm and its clock.
func rotating(t *testing.T, d *db.DB) (*Ring, *clock) {
	t.Helper()
	c := &clock{time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	ring := &Ring{DB: d, Box: newBox(), Algorithms: []Algorithm{ES256}, Now: c.now}
	start(t, ring)
	return ring, c
}

func prepare(t *testing.T, ring *Ring) string {
	t.Helper()
	kid, err := ring.Prepare(t.Context(), ES256)
	if err != nil {
		t.Fatal(err)
	}
	return kid
}

func TestAKeyIsPublishedForADayBeforeItSigns(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring, c := rotating(t, d)
		old := signer(t, ring, ES256).ID()
		if err := ring.Activate(t.Context(), ES256); !errors.Is(err, ErrNotReady) {
			t.Errorf("without a next key: got %v, want ErrNotReady", err)
		}
		young := prepare(t, ring)
		if got := kids(t, ring); !slices.Contains(got, young) || len(got) != 2 {
			t.Errorf("got %v, want %s among two", got, young)
		}
		c.at = c.at.Add(PublishAhead - time.Millisecond)
		if err := ring.Activate(t.Context(), ES256); !errors.Is(err, ErrNotReady) {
			t.Errorf("a millisecond early: got %v, want ErrNotReady", err)
		}
		if got := signer(t, ring, ES256).ID(); got != old {
			t.Errorf("got %s, want the old key %s", got, old)
		}
		c.at = c.at.Add(time.Millisecond)
		if err := ring.Activate(t.Context(), ES256); err != nil {
			t.Fatal(err)
		}
		if got := signer(t, ring, ES256).ID(); got != young {
			t.Errorf("got %s, want the new key %s", got, young)
		}
		if got := kids(t, ring); !slices.Contains(got, old) {
			t.Errorf("got %v, want the retired key %s still published", got, old)
		}
		if got := audited(t, d, "idp.signing_key.activated"); got != 1 {
			t.Errorf("got %d audit entries, want 1", got)
		}
	})
}

func TestARetiredKeyIsRemovedOnlyAfterItsLastTokenExpired(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring, c := rotating(t, d)
		old := signer(t, ring, ES256).ID()
		young := prepare(t, ring)
		c.at = c.at.Add(PublishAhead)
		if err := ring.Activate(t.Context(), ES256); err != nil {
			t.Fatal(err)
		}
		for _, step := range []struct {
			after time.Duration
			want  []string
		}{{time.Hour - time.Millisecond, []string{old, young}}, {time.Millisecond, []string{young}}, {24 * 365 * time.Hour, []string{young}}} {
			c.at = c.at.Add(step.after)
			if _, err := ring.Sweep(t.Context(), time.Hour); err != nil {
				t.Fatal(err)
			}
			slices.Sort(step.want)
			if got := kids(t, ring); !slices.Equal(got, step.want) {
				t.Errorf("%s later: got %v, want %v", step.after, got, step.want)
			}
		}
		if got := audited(t, d, "idp.signing_key.removed"); got != 1 {
			t.Errorf("got %d audit entries, want 1", got)
		}
	})
}

func TestNextKeysAreUsedInTheOrderTheyWereMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring, c := rotating(t, d)
		first := prepare(t, ring)
		c.at = c.at.Add(time.Hour)
		second := prepare(t, ring)
		c.at = c.at.Add(PublishAhead)
		for _, want := range []string{first, second} {
			if err := ring.Activate(t.Context(), ES256); err != nil {
				t.Fatal(err)
			}
			if got := signer(t, ring, ES256).ID(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	})
}

func TestNodesThatActivateAtOnceActivateOneKey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring, c := rotating(t, d)
		young := prepare(t, ring)
		c.at = c.at.Add(PublishAhead)
		var wait sync.WaitGroup
		errs := make([]error, 8)
		for i := range errs {
			wait.Go(func() { errs[i] = ring.Activate(t.Context(), ES256) })
		}
		wait.Wait()
		done := 0
		for _, err := range errs {
			if err == nil {
				done++
			} else if !errors.Is(err, ErrNotReady) {
				t.Errorf("got %v, want ErrNotReady", err)
			}
		}
		if done != 1 || signer(t, ring, ES256).ID() != young {
			t.Errorf("got %d activations and %s, want one of %s", done, signer(t, ring, ES256).ID(), young)
		}
	})
}

func TestAReplacedKeyAndItsNeighboursAreGoneAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring, c := rotating(t, d)
		old := []string{signer(t, ring, ES256).ID(), prepare(t, ring)}
		c.at = c.at.Add(PublishAhead)
		if err := ring.Activate(t.Context(), ES256); err != nil {
			t.Fatal(err)
		}
		old = append(old, prepare(t, ring)) // now one retired, one active, one next
		if err := ring.Replace(t.Context(), ES256); err != nil {
			t.Fatal(err)
		}
		fresh := signer(t, ring, ES256).ID()
		if got := kids(t, ring); !slices.Equal(got, []string{fresh}) || slices.Contains(old, fresh) {
			t.Errorf("got %v, want only a new one, old were %v", got, old)
		}
		for _, kid := range old {
			if _, err := ring.Public(t.Context(), kid); !errors.Is(err, ErrNoKey) {
				t.Errorf("%s: got %v, want ErrNoKey", kid, err)
			}
		}
	})
}

func TestAnotherNodeLearnsOfAChange(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		here, _ := rotating(t, d)
		there := &Ring{DB: d, Box: here.Box, Algorithms: here.Algorithms}
		start(t, there)
		_, before, _ := there.JWKS(t.Context())
		kid := prepare(t, here)
		if got := kids(t, there); !slices.Contains(got, kid) {
			t.Errorf("got %v, want %s among them", got, kid)
		}
		if _, after, _ := there.JWKS(t.Context()); after == before {
			t.Errorf("the entity tag %s did not change", after)
		}
	})
}

func TestKeysOfAnUnknownAlgorithmAreNeverMade(t *testing.T) {
	ring, _ := rotating(t, dbtest.SQLite(t))
	if _, err := ring.Prepare(t.Context(), "HS256"); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("got %v, want ErrAlgorithm", err)
	}
	if err := ring.Replace(t.Context(), "none"); !errors.Is(err, ErrAlgorithm) {
		t.Errorf("got %v, want ErrAlgorithm", err)
	}
}

func TestAPublishedKeySignsByItselfADayLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ring, c := rotating(t, d)
		old := signer(t, ring, ES256).ID()
		c.at = c.at.Add(time.Second)
		waiting, err := ring.Rotate(t.Context(), ES256)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := ring.Rotate(t.Context(), ES256); err != nil || again.KID != waiting.KID {
			t.Errorf("rotating again: got %v (%v), want the key that waits", again, err)
		}
		for _, step := range []struct {
			pass time.Duration
			want string
		}{{0, old}, {PublishAhead - time.Millisecond, old}, {time.Millisecond, waiting.KID}, {0, waiting.KID}} {
			c.at = c.at.Add(step.pass)
			if err := ring.Advance(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := signer(t, ring, ES256).ID(); got != step.want {
				t.Errorf("at %v: got %s, want %s", c.at, got, step.want)
			}
		}
		all, err := ring.List(t.Context())
		if err != nil || len(all) != 2 || all[0].State != Retired || all[0].KID != old || all[0].RetiredAt.IsZero() || all[1].State != Active {
			t.Errorf("got %v, %v", all, err)
		}
	})
}
