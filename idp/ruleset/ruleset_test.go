package ruleset_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/ruleset"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

func TestWhatIsAppliedIsFollowed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := &ruleset.Rulesets{DB: d}
		heard := make(chan ruleset.Applied, 10)
		ctx, stop := context.WithCancel(t.Context())
		over := make(chan struct{})
		go func() { defer close(over); r.Follow(ctx, func(a ruleset.Applied) { heard <- a }) }()
		for i, want := range []ruleset.Applied{
			{}, {There: true, Text: "- factor: push\n"}, {There: true, Text: "[]\n"}, {},
		} {
			if i > 0 { // nothing is what it begins with
				replace(t, r, want)
			}
			select {
			case got := <-heard:
				if got != want {
					t.Errorf("heard %+v, want %+v", got, want)
				}
			case <-time.After(5 * time.Second):
				t.Fatalf("did not hear of %+v within 5 s", want)
			}
			if got, err := r.Get(t.Context()); err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		stop()
		<-over
		var entries int
		if err := d.Get(t.Context(), &entries, "SELECT count(*) FROM audit WHERE action = 'policy.replaced'"); err != nil || entries != 3 {
			t.Errorf("got %d journal entries, %v, want 3", entries, err)
		}
	})
}

func TestRulesAndWhatGoesWithThemAreReplacedTogether(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := &ruleset.Rulesets{DB: d}
		replace(t, r, ruleset.Applied{There: true, Text: "- factor: push\n"})
		refused := errors.New("refused")
		err := d.Write(t.Context(), func(tx *db.Tx) error {
			if err := r.ReplaceTx(tx, ruleset.Applied{}, nil); err != nil {
				return err
			}
			return refused
		})
		got, readErr := r.Get(t.Context())
		if !errors.Is(err, refused) || readErr != nil || got.Text != "- factor: push\n" {
			t.Errorf("got %v and %+v, %v, want the rules of before", err, got, readErr)
		}
	})
}

func replace(t *testing.T, r *ruleset.Rulesets, a ruleset.Applied) {
	t.Helper()
	err := r.DB.Write(t.Context(), func(tx *db.Tx) error { return r.ReplaceTx(tx, a, []string{"rule 1 is another"}) })
	if err != nil {
		t.Fatal(err)
	}
}
