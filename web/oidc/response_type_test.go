package oidc_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// registerAll lets the client app ask for every response type.
func (w *world) registerAll() {
	w.t.Helper()
	_, err := w.clients.Set(w.t.Context(), "app", func(c *client.Client) error {
		c.ResponseTypes = []client.ResponseType{client.Code, client.IDToken, client.IDTokenToken, client.CodeIDToken, client.CodeToken, client.CodeIDTokenToken}
		c.Grants = append(c.Grants, client.Implicit)
		return nil
	})
	must(w.t, err)
}

// TestResponseTypesAreAListPerClient is requirement 4.
func TestResponseTypesAreAListPerClient(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	for _, want := range []string{"unauthorized_client", ""} {
		for _, given := range []string{"id_token", "id_token token", "token id_token", "code id_token", "id_token code", "code token", "token id_token code"} {
			got := w.get("/authorize", ask("response_type", given))
			if want == "" {
				if got.Header.Get("Location") != "/login/log_1" || w.logins.request.ResponseMode != "fragment" {
					t.Errorf("%s: got %s with mode %s", given, got.Header.Get("Location"), w.logins.request.ResponseMode)
				}
				continue
			}
			to, q := got.location(t)
			if to != redirect || q.Get("error") != want || !strings.Contains(got.Header.Get("Location"), "#error=") {
				t.Errorf("%s: got %s with %v", given, to, q)
			}
		}
		w.registerAll()
	}
	if w.logins.request.ResponseType != "code id_token token" {
		t.Errorf("got %q, want the usual order", w.logins.request.ResponseType)
	}
	if _, q := w.get("/authorize", ask("response_type", "token")).location(t); q.Get("error") != "unsupported_response_type" {
		t.Errorf("token alone: got %v", q)
	}
}

func TestWhatTheFrontChannelDemands(t *testing.T) {
	w := on(t)
	w.registerAll()
	w.logins.asks = true
	for name, test := range map[string]struct {
		change []string
		code   string // "" where a login is begun
	}{
		"no nonce":                         {[]string{"response_type", "id_token", "nonce", "-"}, "invalid_request"},
		"no nonce, hybrid":                 {[]string{"response_type", "code id_token", "nonce", "-"}, "invalid_request"},
		"no nonce without an ID token":     {[]string{"response_type", "code token", "nonce", "-"}, ""},
		"no openid":                        {[]string{"response_type", "id_token token", "scope", "email"}, "invalid_request"},
		"a query":                          {[]string{"response_type", "id_token", "response_mode", "query"}, "invalid_request"},
		"a signed query":                   {[]string{"response_type", "code token", "response_mode", "query.jwt"}, "invalid_request"},
		"a form":                           {[]string{"response_type", "code id_token", "response_mode", "form_post"}, ""},
		"no challenge, and no code":        {[]string{"response_type", "id_token token", "code_challenge", "-", "code_challenge_method", "-"}, ""},
		"a plain challenge, and no code":   {[]string{"response_type", "id_token", "code_challenge_method", "plain"}, ""},
		"no challenge, hybrid":             {[]string{"response_type", "code id_token", "code_challenge", "-", "code_challenge_method", "-"}, "invalid_request"},
		"prompt none with another, hybrid": {[]string{"response_type", "code token", "prompt", "none login"}, "invalid_request"},
	} {
		got := w.get("/authorize", ask(test.change...))
		if test.code == "" {
			if got.Header.Get("Location") != "/login/log_1" {
				t.Errorf("%s: got %s", name, got.Header.Get("Location"))
			}
			continue
		}
		if to, q := got.location(t); to != redirect || q.Get("error") != test.code || q.Get("iss") != w.url || !strings.Contains(got.Header.Get("Location"), "#") {
			t.Errorf("%s: got %s with %v, want %s in a fragment", name, to, q, test.code)
		}
	}
}

func TestClaimsReachTheLogins(t *testing.T) {
	w := on(t)
	w.logins.asks = true
	w.get("/authorize", ask("acr_values", "phr", "claims", `{"userinfo":{"email":null,"later":null},"id_token":{"birthdate":{"essential":true},
		"acr":{"values":["urn:x","urn:nod:acr:mfa"]},"sub":{"value":"usr_1"},"auth_time":{"essential":true}}}`))
	r := w.logins.request
	if !slices.Equal(r.Claims.UserInfo, []string{"email"}) || !slices.Equal(r.Claims.IDToken, []string{"birthdate"}) || r.Claims.ACR != nil ||
		r.HintSubject != "usr_1" || !slices.Equal(r.ACRValues, []string{"urn:x", "urn:nod:acr:mfa", "phr"}) {
		t.Errorf("got %+v", r)
	}
	w.get("/authorize", ask("claims", `{"id_token":{"acr":{"essential":true,"values":["urn:x","urn:nod:acr:mfa"]}}}`))
	if r := w.logins.request; !slices.Equal(r.Claims.ACR, []string{"urn:x", "urn:nod:acr:mfa"}) {
		t.Errorf("got %+v", r)
	}
	hint := w.signedInAs(t)
	if _, q := w.get("/authorize", ask("id_token_hint", hint, "claims", `{"id_token":{"sub":{"value":"usr_1"}}}`)).location(t); q.Get("error") != "invalid_request" {
		t.Errorf("a hint at another person: got %v", q)
	}
}

// signedInAs returns an ID token of Alice's.
func (w *world) signedInAs(t *testing.T) string {
	t.Helper()
	w.logins.asks = false
	raw, _ := w.signedIn()["id_token"].(string)
	w.logins.asks = true
	return raw
}

func TestUserinfoTellsSingleClaimsThatWereAskedFor(t *testing.T) {
	w := on(t)
	told := w.signedIn("scope", "openid", "claims", `{"userinfo":{"email":{"essential":true},"birthdate":null},"id_token":{"name":null}}`)
	got := w.get("/oauth/userinfo", nil)
	if got.StatusCode != http.StatusUnauthorized {
		t.Fatalf("without a token: got %d", got.StatusCode)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/oauth/userinfo", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+told["access_token"].(string))
	claims := w.send(r).json(t)
	if claims["email"] != "alice@example.org" || claims["sub"] != w.alice.ID || claims["name"] != nil || claims["email_verified"] != nil {
		t.Errorf("got %v", claims)
	}
	if id := claimsOf(t, told["id_token"].(string)); id["name"] != "Alice Ärmel" || id["email"] != nil || id["sub"] != w.alice.ID {
		t.Errorf("got %v in the ID token", id)
	}
}
