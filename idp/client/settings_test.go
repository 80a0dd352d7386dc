package client_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// The key of RFC 7515, appendix A.3.1, without and with its private part.
const (
	publicKeys  = `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`
	privateKeys = `{"keys":[{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}]}`
)

func TestEverySettingIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := clients(d)
		n := web("bank")
		n.AuthMethod, n.JWKS, n.AccessTokens = client.AuthPrivateKey, publicKeys, client.JWTTokens
		n.PostLogoutRedirectURIs, n.Origins = []string{"https://mail.example/bye"}, []string{"https://mail.example"}
		n.Resources = []string{"https://api.example/"}
		n.BackchannelLogoutURI, n.FrontchannelLogoutURI = "https://mail.example/out", "https://mail.example/frame"
		n.CIBA, n.CIBANotificationURI = client.CIBAPing, "https://mail.example/ping"
		n.FirstParty, n.PushedRequests, n.DPoP, n.SignedRequests = true, true, true, true
		n.ResponseModes = []client.ResponseMode{client.FormPost, client.FragmentJWT}
		n.ResponseTypes = []client.ResponseType{client.Code, client.CodeIDToken}
		added, secret, err := s.Add(t.Context(), n)
		if err != nil || secret != "" {
			t.Fatalf("got the secret %q, %v", secret, err)
		}
		found, err := clients(d).Get(t.Context(), "bank")
		if err != nil || !reflect.DeepEqual(found, added) {
			t.Errorf("got %+v, %v\nwant %+v", found, err, added)
		}
		for _, grant := range []client.Grant{client.AuthorizationCode, client.RefreshToken, client.Implicit, client.CIBA} {
			if !found.AllowsGrant(string(grant)) {
				t.Errorf("%s is not granted", grant)
			}
		}
		changed, err := s.Set(t.Context(), "bank", func(c *client.Client) error { c.JWKSURI = "https://mail.example/keys"; return nil })
		if err != nil || changed.JWKS != "" {
			t.Errorf("with another place for its keys: got %+v, %v", changed, err)
		}
	})
}

func TestGrantsAndResponseTypesAgree(t *testing.T) {
	s := clients(dbtest.SQLite(t))
	for _, row := range []struct {
		says   string
		grants []client.Grant
		types  []client.ResponseType
		want   string
	}{
		{"nothing", nil, nil, "authorization_code refresh_token / code"},
		{"implicit alone", []client.Grant{client.Implicit}, nil, "implicit / id_token"},
		{"an ID token alone", nil, []client.ResponseType{client.IDToken}, "implicit / id_token"},
		{"hybrid", nil, []client.ResponseType{client.CodeIDToken}, "authorization_code refresh_token implicit / code id_token"},
		{"both", []client.Grant{client.AuthorizationCode, client.Implicit}, nil, "authorization_code implicit / code,id_token"},
		{"a device", []client.Grant{client.DeviceCode}, nil, string(client.DeviceCode) + " / "},
	} {
		n := web("probe")
		n.Grants, n.ResponseTypes = row.grants, row.types
		c, _, err := s.Add(t.Context(), n)
		if err != nil {
			t.Fatalf("%s: %v", row.says, err)
		}
		if got := spell(c); got != row.want {
			t.Errorf("%s: got %q, want %q", row.says, got, row.want)
		}
		for _, step := range []struct {
			change func(*client.Client)
			want   string
		}{
			{func(c *client.Client) { c.ResponseTypes = []client.ResponseType{client.IDToken} }, "id_token"},
			{func(c *client.Client) { c.Grants = []client.Grant{client.AuthorizationCode} }, "code"},
		} {
			if c, err = s.Set(t.Context(), "probe", func(c *client.Client) error { step.change(c); return nil }); err != nil {
				t.Fatalf("%s: %v", row.says, err)
			}
			if _, types, _ := strings.Cut(spell(c), " / "); types != step.want {
				t.Errorf("%s, changed: got %q, want %q", row.says, types, step.want)
			}
		}
		if err := s.Remove(t.Context(), "probe"); err != nil {
			t.Fatal(err)
		}
		s = clients(dbtest.SQLite(t))
	}
}

func TestResponseModesThatCannotBeRegistered(t *testing.T) {
	s := clients(dbtest.SQLite(t))
	for _, row := range []struct {
		says  string
		types []client.ResponseType
		modes []client.ResponseMode
		want  string // part of the error, "" if it is fine
	}{
		{"one", nil, []client.ResponseMode{client.FormPost}, ""},
		{"tokens beside the query", []client.ResponseType{client.Code, client.IDToken}, []client.ResponseMode{client.Query, client.Fragment}, ""},
		{"unknown", nil, []client.ResponseMode{"smoke"}, `"smoke" is refused; allowed is query, fragment, form_post`},
		{"the shorthand", nil, []client.ResponseMode{"jwt"}, `"jwt" is refused`},
		{"twice", nil, []client.ResponseMode{client.Query, client.Query}, "it is there twice"},
		{"tokens in a query alone", []client.ResponseType{client.Code, client.CodeToken}, []client.ResponseMode{client.Query, client.QueryJWT}, "tokens never travel in a query"},
	} {
		n := web("probe")
		n.ResponseTypes, n.ResponseModes = row.types, row.modes
		switch _, _, err := s.Add(t.Context(), n); {
		case row.want == "" && err != nil, row.want != "" && (err == nil || !strings.Contains(err.Error(), row.want)):
			t.Errorf("%s: got %v", row.says, err)
		case row.want == "":
			s = clients(dbtest.SQLite(t))
		}
	}
}

func spell(c client.Client) string {
	grants, types := []string{}, []string{}
	for _, g := range c.Grants {
		grants = append(grants, string(g))
	}
	for _, t := range c.ResponseTypes {
		types = append(types, string(t))
	}
	return strings.Join(grants, " ") + " / " + strings.Join(types, ",")
}

func TestAClientUnderFAPISignsAndKeepsItsRefreshTokens(t *testing.T) {
	s := clients(dbtest.SQLite(t))
	n := web("bank")
	n.FAPI, n.JWKS = client.FAPI2, publicKeys
	c, secret, err := s.Add(t.Context(), n)
	if err != nil || secret != "" {
		t.Fatalf("got the secret %q, %v", secret, err)
	}
	if c.AuthMethod != client.AuthPrivateKey || c.IDTokenAlg != client.ES256 || c.RefreshRotation || !c.RequiresDPoP() || !c.RequiresPushedRequests() {
		t.Errorf("got %+v", c)
	}
	if slices.Contains(c.ResponseTypes, client.IDToken) {
		t.Errorf("got %v", c.ResponseTypes)
	}
}

func FuzzParseJWKS(f *testing.F) {
	for _, seed := range []string{publicKeys, privateKeys, `{}`, `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`, `{"keys":[1]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		keys, err := client.ParseJWKS(text)
		if err != nil && keys != nil {
			t.Error("keys beside an error")
		}
		for _, key := range keys {
			if !key.IsPublic() || !key.Valid() {
				t.Errorf("got the key %v", key)
			}
		}
	})
}
