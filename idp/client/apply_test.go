package client_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// story is each change in a few words.
func story(changes []client.Change) (lines []string) {
	for _, c := range changes {
		line := fmt.Sprintf("%s %s", c.Kind, c.ID)
		if c.Kind == client.Changed {
			for _, f := range c.Fields {
				line += fmt.Sprintf(" %s: %v → %v", f.Name, f.Before, f.After)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func mustApply(t *testing.T, s *client.Clients, w client.Wanted) []client.Change {
	t.Helper()
	changes, err := s.Apply(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func ids(t *testing.T, s *client.Clients) (all []string) {
	t.Helper()
	list, err := s.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		all = append(all, c.ID)
	}
	return all
}

func TestRegistrationsBecomeWhatIsWanted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		for _, id := range []string{"mail", "old"} {
			if _, _, err := s.Add(t.Context(), web(id)); err != nil {
				t.Fatal(err)
			}
		}
		mail := web("mail")
		mail.SecondFactor, mail.PKCE = client.FactorOff, client.PKCEOptional
		wanted := client.Wanted{Clients: []client.New{web("wiki"), mail}}
		want := []string{"changed mail pkce: required → optional second_factor: push-number → off", "added wiki"}

		plan, err := s.Plan(t.Context(), wanted)
		if err != nil || !slices.Equal(story(plan), want) || plan[1].Secret != "" {
			t.Errorf("planned %q, %v", story(plan), err)
		}
		if got := ids(t, s); len(got) != 2 {
			t.Fatalf("a plan left the clients %v", got)
		}
		changes := mustApply(t, s, wanted)
		if !slices.Equal(story(changes), want) {
			t.Errorf("changed %q", story(changes))
		}
		wiki, err := s.Get(t.Context(), "wiki")
		if err != nil || !wiki.VerifySecret(changes[1].Secret) || changes[0].Secret != "" {
			t.Errorf("got %+v, %v", changes, err)
		}
		for _, f := range changes[1].Fields {
			if f.Name == "jwks" || f.Name == "origins" || f.Name == "ciba" {
				t.Errorf("the change tells of %s, which holds nothing", f.Name)
			}
		}
		if again := mustApply(t, s, wanted); len(again) != 0 {
			t.Errorf("the second time changed %q", story(again))
		}
		wanted.Prune = true
		if got := story(mustApply(t, s, wanted)); !slices.Equal(got, []string{"removed old"}) || !slices.Equal(ids(t, s), []string{"mail", "wiki"}) {
			t.Errorf("pruning: got %q and %v", got, ids(t, s))
		}
		var entries int
		if err := d.Get(t.Context(), &entries, "SELECT count(*) FROM audit WHERE action <> 'instance.begun'"); err != nil || entries != 5 {
			t.Errorf("got %d entries in the journal, %v, want one for each of the five changes", entries, err)
		}
	})
}

func TestOneClientAtFaultChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		if _, _, err := s.Add(t.Context(), web("gone")); err != nil {
			t.Fatal(err)
		}
		if err := s.Remove(t.Context(), "gone"); err != nil {
			t.Fatal(err)
		}
		bad := web("bad")
		bad.RedirectURIs = []string{"javascript:alert(1)"}
		for name, row := range map[string]struct {
			clients []client.New
			id      string
		}{
			"what is not allowed":     {[]client.New{web("a"), bad}, "bad"},
			"the id of a removed one": {[]client.New{web("a"), web("gone")}, "gone"},
			"one that is there twice": {[]client.New{web("a"), web("b"), web("b")}, "b"},
			"an id that is none":      {[]client.New{web("a"), web(" ")}, " "},
		} {
			for _, do := range []func() error{
				func() error {
					_, err := s.Apply(t.Context(), client.Wanted{Clients: row.clients, Prune: true})
					return err
				},
				func() error {
					_, err := s.Plan(t.Context(), client.Wanted{Clients: row.clients, Prune: true})
					return err
				},
			} {
				err := do()
				var wanted *client.WantedError
				if !errors.As(err, &wanted) || wanted.ID != row.id {
					t.Errorf("%s: got %v", name, err)
				}
			}
			if got := ids(t, s); len(got) != 0 {
				t.Errorf("%s: left %v", name, got)
			}
		}
	})
}

func TestSecretsComeAndGoWithWhatAClientProvesItselfBy(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		public := web("app")
		public.AuthMethod = client.AuthNone
		if changes := mustApply(t, s, client.Wanted{Clients: []client.New{public}}); changes[0].Secret != "" {
			t.Error("a public client was given a secret")
		}
		changes := mustApply(t, s, client.Wanted{Clients: []client.New{web("app")}})
		if changes[0].Secret == "" || changes[0].Ends != 0 {
			t.Errorf("confidential: got %+v", changes)
		}
		plan, err := s.Plan(t.Context(), client.Wanted{Clients: []client.New{public}})
		if err != nil || plan[0].Ends != 1 {
			t.Errorf("public again: got %+v, %v", plan, err)
		}
		mustApply(t, s, client.Wanted{Clients: []client.New{public}})
		if c, _ := s.Get(t.Context(), "app"); len(c.Secrets()) != 0 && c.VerifySecret(changes[0].Secret) {
			t.Error("the secret of before is still good")
		}
	})
}

func TestManyApplyOneFileAndOneOfThemGetsTheSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := &client.Clients{DB: d}
		var wg sync.WaitGroup
		secrets := make([]string, 16)
		for i := range secrets {
			wg.Go(func() {
				changes, err := s.Apply(t.Context(), client.Wanted{Clients: []client.New{web("mail")}})
				if err != nil {
					t.Error(err)
				}
				for _, c := range changes {
					secrets[i] = c.Secret
				}
			})
		}
		wg.Wait()
		secrets = slices.DeleteFunc(secrets, func(s string) bool { return s == "" })
		if c, err := s.Get(t.Context(), "mail"); err != nil || len(secrets) != 1 || !c.VerifySecret(secrets[0]) {
			t.Errorf("got %d secrets, %v", len(secrets), err)
		}
	})
}
