package consent_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/consent"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func each(t *testing.T, story func(t *testing.T, c *consent.Consents, alice, bob string)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		users := &user.Users{DB: d}
		person := func(name string) string {
			u, err := users.Add(t.Context(), user.New{Name: name})
			must(t, err)
			return u.ID
		}
		story(t, &consent.Consents{DB: d, Now: func() time.Time { return time.Unix(1_800_000_000, 0).UTC() }}, person("alice"), person("bob"))
	})
}

func allow(t testing.TB, c *consent.Consents, person, client string, scopes, claims []string) {
	t.Helper()
	must(t, c.DB.Write(t.Context(), func(tx *db.Tx) error { return c.AllowTx(tx, person, client, scopes, claims) }))
}

func TestWhatIsAllowedAddsUpForEachPersonAndClient(t *testing.T) {
	each(t, func(t *testing.T, c *consent.Consents, alice, bob string) {
		allow(t, c, alice, "mail", []string{"openid"}, nil)
		allow(t, c, alice, "mail", []string{"openid", "email"}, []string{"email", "birthdate"})
		allow(t, c, alice, "wiki", []string{"openid"}, nil)
		got, err := c.Find(t.Context(), alice, "mail")
		must(t, err)
		if !slices.Equal(got.Scopes, []string{"email", "openid"}) || !slices.Equal(got.Claims, []string{"birthdate", "email"}) || got.Since.Unix() != 1_800_000_000 {
			t.Errorf("got %+v", got)
		}
		if scopes, claims := got.Lacks([]string{"openid", "phone"}, []string{"name"}); !slices.Equal(scopes, []string{"phone"}) || !slices.Equal(claims, []string{"name"}) {
			t.Errorf("lacks %v and %v", scopes, claims)
		}
		if other, err := c.Find(t.Context(), bob, "mail"); err != nil || !other.Since.IsZero() {
			t.Errorf("bob: got %+v, %v", other, err)
		}
		list, err := c.List(t.Context(), alice)
		must(t, err)
		if len(list) != 2 || list[0].ClientID != "mail" || list[1].ClientID != "wiki" || len(list[0].Scopes) != 2 {
			t.Errorf("got %+v", list)
		}
	})
}

func TestWhatIsTakenBackIsGoneOnce(t *testing.T) {
	each(t, func(t *testing.T, c *consent.Consents, alice, bob string) {
		allow(t, c, alice, "mail", []string{"openid", "email"}, nil)
		allow(t, c, bob, "mail", []string{"openid"}, nil)
		for _, want := range []bool{true, false} {
			must(t, c.DB.Write(t.Context(), func(tx *db.Tx) error {
				had, err := c.RevokeTx(tx, alice, "mail")
				if had != want {
					t.Errorf("got %v, want %v", had, want)
				}
				return err
			}))
		}
		if left, err := c.List(t.Context(), alice); err != nil || len(left) != 0 {
			t.Errorf("got %+v, %v", left, err)
		}
		if left, err := c.List(t.Context(), bob); err != nil || len(left) != 1 {
			t.Errorf("bob: got %+v, %v", left, err)
		}
		var entries int
		must(t, c.DB.Get(t.Context(), &entries, "SELECT count(*) FROM audit WHERE action = 'consent.revoked'"))
		if entries != 1 {
			t.Errorf("got %d journal entries, want 1", entries)
		}
	})
}

// TestAnswersOfManyBrowsersAddUp: none of them is lost, whichever comes last.
func TestAnswersOfManyBrowsersAddUp(t *testing.T) {
	each(t, func(t *testing.T, c *consent.Consents, alice, _ string) {
		var wg sync.WaitGroup
		for i := range 16 {
			wg.Go(func() {
				if err := c.DB.Write(t.Context(), func(tx *db.Tx) error {
					return c.AllowTx(tx, alice, "mail", []string{"openid", fmt.Sprint("s", i%8)}, nil)
				}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := c.Find(t.Context(), alice, "mail"); err != nil || len(got.Scopes) != 9 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}
