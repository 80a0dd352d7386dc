package oidc_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// keyed adds a client that proves itself by its key.
func (w *world) keyed(id string) *signer {
	w.t.Helper()
	s := w.newSigner()
	w.add(client.New{
		ID: id, AuthMethod: client.AuthPrivateKey, JWKS: s.jwks(), RedirectURIs: []string{redirect}, IDTokenAlg: client.ES256,
		Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken, client.ClientCredentials},
	})
	return s
}

func TestAClientProvesItselfByItsKeyWhereverItMust(t *testing.T) {
	w := on(t)
	s := w.keyed("bank")
	got := w.post("/oauth/token", s.asserted("bank", url.Values{"grant_type": {"client_credentials"}}, nil))
	if got.StatusCode != http.StatusOK {
		t.Fatalf("token: got %d %s", got.StatusCode, got.body)
	}
	access := text(got.json(t)["access_token"])
	got = w.post("/oauth/introspect", s.asserted("bank", url.Values{"token": {access}, "client_id": {"bank"}}, nil))
	if got.StatusCode != http.StatusOK || got.json(t)["active"] != true {
		t.Errorf("introspect: got %d %s", got.StatusCode, got.body)
	}
	got = w.post("/oauth/revoke", s.asserted("bank", url.Values{"token": {access}}, nil))
	if got.StatusCode != http.StatusOK {
		t.Errorf("revoke: got %d %s", got.StatusCode, got.body)
	}
}

func TestAWrongAssertionIsNoAuthentication(t *testing.T) {
	w := on(t)
	s, stranger := w.keyed("bank"), w.newSigner()
	form := url.Values{"grant_type": {"client_credentials"}}
	used := s.asserted("bank", form, nil)
	w.post("/oauth/token", used)
	other := s.asserted("bank", form, nil)
	other.Set("client_id", "app")
	typed := s.asserted("bank", form, nil)
	typed.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer")
	bare := s.asserted("bank", form, nil)
	bare.Del("client_assertion")
	for name, form := range map[string]url.Values{
		"used before":                              used,
		"by another key":                           stranger.asserted("bank", form, nil),
		"of a client that is not there":            s.asserted("nobody", form, nil),
		"of a client that is registered for Basic": s.asserted("app", form, nil),
		"of another client than client_id says":    other,
		"of another type":                          typed,
		"left out":                                 bare,
		"for the token endpoint":                   s.asserted("bank", form, claims{"aud": w.url + "/oauth/token"}),
		"for two servers":                          s.asserted("bank", form, claims{"aud": []string{w.url, "https://other.example"}}),
		"without an id":                            s.asserted("bank", form, claims{"jti": nil}),
		"of another issuer":                        s.asserted("bank", form, claims{"iss": "app"}),
	} {
		t.Run(name, func(t *testing.T) {
			got := w.post("/oauth/token", form)
			refused(t, got, http.StatusUnauthorized, "invalid_client")
			if got.Header.Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	both := s.asserted("bank", form, nil)
	both.Set("client_secret", "x")
	refused(t, w.post("/oauth/token", both), http.StatusBadRequest, "invalid_request")
	refused(t, w.post("/oauth/token", s.asserted("bank", form, nil), w.asApp), http.StatusBadRequest, "invalid_request")
	refused(t, w.post("/oauth/token", form, header("Authorization", "Basic YmFuazo=")), http.StatusUnauthorized, "invalid_client")
	refused(t, w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "client_id": {"bank"}}), http.StatusUnauthorized, "invalid_client")
}

// An assertion says who the client is, and grants nothing by itself (the toolkit's own
// server took it as a grant).
func TestAnAssertionIsNoGrant(t *testing.T) {
	w := on(t)
	s := w.keyed("bank")
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {s.assertion("bank", nil)}}
	refused(t, w.post("/oauth/token", s.asserted("bank", form, nil)), http.StatusBadRequest, "unsupported_grant_type")
	form.Set("client_id", "bank")
	refused(t, w.post("/oauth/token", form), http.StatusUnauthorized, "invalid_client")
}
