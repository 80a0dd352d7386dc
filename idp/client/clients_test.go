package client_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// clients returns a store whose clock moves on by a second at each look.
func clients(d *db.DB) *client.Clients {
	now := time.Unix(1_800_000_000, 0)
	return &client.Clients{DB: d, Now: func() time.Time { now = now.Add(time.Second); return now }}
}

func web(id string) client.New {
	return client.New{ID: id, Name: "Contoso Mail", RedirectURIs: []string{"https://mail.example/callback"}}
}

func TestAnAddedClientHasTheDefaultsAndIsFoundAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ours, theirs := clients(d), clients(d)
		if _, err := theirs.Get(t.Context(), "mail"); !errors.Is(err, client.ErrNotFound) {
			t.Fatalf("before: got %v, want ErrNotFound", err)
		}
		if _, _, err := ours.Add(t.Context(), web("mail")); err != nil {
			t.Fatal(err)
		}
		c, err := theirs.Get(t.Context(), "mail")
		if err != nil {
			t.Fatalf("just added: %v", err)
		}
		if c.AuthMethod != client.AuthBasic || c.PKCE != client.PKCERequired || c.SecondFactor != client.FactorPushNumber ||
			c.IDTokenAlg != client.RS256 || !c.RefreshRotation || c.Public() || c.Issuer != "main" {
			t.Errorf("got %+v, want the defaults", c)
		}
		for grant, want := range map[string]bool{"authorization_code": true, "refresh_token": true, "client_credentials": false, "password": false, "": false} {
			if c.AllowsGrant(grant) != want {
				t.Errorf("grant %q: got %v, want %v", grant, !want, want)
			}
		}
		for responseType, want := range map[string]bool{"code": true, "token": false, "id_token": false, "code id_token": false, "": false} {
			if c.AllowsResponseType(responseType) != want {
				t.Errorf("response type %q: got %v, want %v", responseType, !want, want)
			}
		}
	})
}

func TestSecretsAreVerifiedWholeAndAtMostTwoLive(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		_, first, err := s.Add(t.Context(), web("mail"))
		if err != nil {
			t.Fatal(err)
		}
		valid := func(secrets ...string) (all []bool) {
			c, err := s.Get(t.Context(), "mail")
			if err != nil {
				t.Fatal(err)
			}
			for _, secret := range secrets {
				all = append(all, c.VerifySecret(secret))
			}
			return all
		}
		if got := valid(first, "", first[:len(first)-1], first+"A", "nodcs_", "nod"+first); !slices.Equal(got, []bool{true, false, false, false, false, false}) {
			t.Errorf("the first alone: got %v", got)
		}
		second, err := s.AddSecret(t.Context(), "mail")
		if err != nil {
			t.Fatal(err)
		}
		third, err := s.AddSecret(t.Context(), "mail")
		if err != nil {
			t.Fatal(err)
		}
		if got := valid(first, second, third); !slices.Equal(got, []bool{false, true, true}) {
			t.Errorf("after two more: got %v", got)
		}
		fourth, err := s.ReplaceSecrets(t.Context(), "mail")
		if err != nil {
			t.Fatal(err)
		}
		if got := valid(second, third, fourth); !slices.Equal(got, []bool{false, false, true}) {
			t.Errorf("after the leak: got %v", got)
		}
	})
}

func TestASecretOpensOnlyItsOwnClient(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		_, secret, err := s.Add(t.Context(), web("mail"))
		if err != nil {
			t.Fatal(err)
		}
		other, _, err := s.Add(t.Context(), web("calendar"))
		if err != nil {
			t.Fatal(err)
		}
		if other.VerifySecret(secret) {
			t.Error("the secret of another client was taken")
		}
	})
}

func TestAPublicClientHasNoSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		n := web("app")
		n.AuthMethod = client.AuthNone
		c, secret, err := s.Add(t.Context(), n)
		if err != nil || secret != "" || !c.Public() || c.VerifySecret("") {
			t.Errorf("got %+v, secret %q, %v", c, secret, err)
		}
		if _, err := s.AddSecret(t.Context(), "app"); !errors.Is(err, client.ErrPublic) {
			t.Errorf("asked for a secret: got %v, want ErrPublic", err)
		}
	})
}

func TestAClientThatBecomesPublicLosesItsSecrets(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		_, secret, err := s.Add(t.Context(), web("mail"))
		if err != nil {
			t.Fatal(err)
		}
		turn := func(to client.AuthMethod) client.Client {
			if _, err := s.Set(t.Context(), "mail", func(c *client.Client) error { c.AuthMethod = to; return nil }); err != nil {
				t.Fatal(err)
			}
			c, err := s.Get(t.Context(), "mail")
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		if c := turn(client.AuthNone); c.VerifySecret(secret) || len(c.Secrets()) != 0 {
			t.Errorf("public: got %+v", c)
		}
		if c := turn(client.AuthPost); c.VerifySecret(secret) {
			t.Error("confidential again: the old secret came back")
		}
	})
}

func TestAChangeIsSeenAndRecorded(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		if _, _, err := s.Add(t.Context(), web("mail")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "mail"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Set(t.Context(), "mail", func(c *client.Client) error {
			c.SecondFactor, c.RedirectURIs = client.FactorPush, append(c.RedirectURIs, "https://mail.example/second")
			c.ID = "renamed"
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		c, err := s.Get(t.Context(), "mail")
		if err != nil || c.SecondFactor != client.FactorPush || !c.AllowsRedirect("https://mail.example/second") {
			t.Errorf("got %+v, %v", c, err)
		}
		rows, err := audit.Last(t.Context(), d, 1)
		want := `{"redirect_uris":["https://mail.example/callback","https://mail.example/second"],"second_factor":"push"}`
		if err != nil || rows[0].Action != "client.changed" || rows[0].ClientID != "mail" || rows[0].Detail != want {
			t.Errorf("journal: got %+v, %v, want %s", rows, err, want)
		}
	})
}

func TestARefusedChangeChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		if _, _, err := s.Add(t.Context(), web("mail")); err != nil {
			t.Fatal(err)
		}
		_, err := s.Set(t.Context(), "mail", func(c *client.Client) error { c.RedirectURIs[0] = "javascript:alert(1)"; return nil })
		var invalid *client.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != "redirect_uris" || invalid.Value != "javascript:alert(1)" {
			t.Errorf("got %v, want an InvalidError about redirect_uris", err)
		}
		c, err := s.Get(t.Context(), "mail")
		if err != nil || !c.AllowsRedirect("https://mail.example/callback") || c.AllowsRedirect("javascript:alert(1)") {
			t.Errorf("afterwards: got %+v, %v", c, err)
		}
	})
}

func TestTheIDOfARemovedClientIsNeverUsedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		if _, _, err := s.Add(t.Context(), web("mail")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Add(t.Context(), web("mail")); !errors.Is(err, client.ErrTaken) {
			t.Errorf("added twice: got %v, want ErrTaken", err)
		}
		if err := s.Remove(t.Context(), "mail"); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "mail"); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("removed: got %v, want ErrNotFound", err)
		}
		if list, err := s.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("list: got %v, %v, want none", list, err)
		}
		if _, _, err := s.Add(t.Context(), web("mail")); !errors.Is(err, client.ErrUsed) {
			t.Errorf("added again: got %v, want ErrUsed", err)
		}
		for name, err := range map[string]error{
			"remove": s.Remove(t.Context(), "mail"),
			"set":    second(s.Set(t.Context(), "mail", func(*client.Client) error { return nil })),
			"secret": second(s.AddSecret(t.Context(), "mail")),
		} {
			if !errors.Is(err, client.ErrNotFound) {
				t.Errorf("%s after removal: got %v, want ErrNotFound", name, err)
			}
		}
	})
}

func second[T any](_ T, err error) error { return err }
