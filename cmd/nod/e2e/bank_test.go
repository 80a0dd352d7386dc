package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
)

// service is a program that calls nod for itself: it proves who it is by a key that it
// publishes, and binds its tokens to it.
type service struct {
	t     *testing.T
	w     *world
	key   *ecdsa.PrivateKey
	kid   string
	site  *httptest.Server
	asked atomic.Int32 // how often its keys were fetched
}

func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t}
	s.turn()
	s.site = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s.asked.Add(1)
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: s.kid}}})
	}))
	t.Cleanup(s.site.Close)
	return s
}

// turn gives the service another key.
func (s *service) turn() {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	s.key, s.kid = key, rand.Text()
}

func (s *service) sign(claims map[string]any, options *jose.SignerOptions) string {
	s.t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: s.key, KeyID: s.kid}}, options)
	if err != nil {
		s.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return text
}

// asks sends a form to an endpoint as the service, with a proof, and returns the status and
// what was answered.
func (s *service) asks(path string, form url.Values) (int, map[string]any) {
	s.t.Helper()
	now := time.Now().Add(time.Duration(s.w.ahead.Load()))
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", s.sign(map[string]any{
		"iss": "bank", "sub": "bank", "aud": s.w.issuer, "jti": rand.Text(), "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(),
	}, nil))
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.w.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if path == "/oauth/token" {
		req.Header.Set("DPoP", s.sign(map[string]any{"jti": rand.Text(), "htm": "POST", "htu": s.w.issuer + path, "iat": now.Unix()},
			(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt")))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var told map[string]any
	_ = json.NewDecoder(resp.Body).Decode(&told)
	return resp.StatusCode, told
}

func (s *service) token() string {
	s.t.Helper()
	status, told := s.asks("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "resource": {"https://api.example"}})
	access, _ := told["access_token"].(string)
	if status != http.StatusOK || told["token_type"] != "DPoP" || access == "" {
		s.t.Fatalf("got %d %v", status, told)
	}
	return access
}

func TestAServiceProvesItselfByTheKeysItPublishes(t *testing.T) {
	s := newService(t)
	w := startWith(t, server.Options{OutboundAllow: []string{"127.0.0.1"}})
	s.w = w
	if _, _, err := w.s.Clients.Add(t.Context(), client.New{
		ID: "bank", AuthMethod: client.AuthPrivateKey, JWKSURI: s.site.URL + "/jwks", Grants: []client.Grant{client.ClientCredentials},
		AccessTokens: client.JWTTokens, Resources: []string{"https://api.example"}, IDTokenAlg: client.PS256,
	}); err != nil {
		t.Fatal(err)
	}
	access := s.token()
	if got := s.asked.Load(); got != 1 {
		t.Errorf("the keys were fetched %d times, want once", got)
	}

	// A resource server of other hands verifies the JWT by what nod publishes.
	verifier := w.app.provider.Verifier(&oidc.Config{ClientID: "https://api.example", SupportedSigningAlgs: []string{"PS256"}})
	verified, err := verifier.Verify(t.Context(), access)
	if err != nil || verified.Subject != "bank" {
		t.Errorf("got %+v, %v", verified, err)
	}

	// The service changes its key; nod hears of it once a minute has passed.
	s.turn()
	if status, told := s.asks("/oauth/introspect", url.Values{"token": {access}}); status != http.StatusUnauthorized {
		t.Errorf("within the minute: got %d %v", status, told)
	}
	w.ahead.Add(int64(time.Minute))
	s.token()
	if got := s.asked.Load(); got != 2 {
		t.Errorf("the keys were fetched %d times, want twice", got)
	}

	// nod's own key was stolen: what it signed stops working at once.
	active := func() any {
		_, told := s.asks("/oauth/introspect", url.Values{"token": {access}})
		return told["active"]
	}
	if active() != true {
		t.Fatal("a live token is not active")
	}
	if err := w.s.Keys.Replace(t.Context(), keys.PS256); err != nil {
		t.Fatal(err)
	}
	if active() != false {
		t.Error("the token outlived the key that signed it")
	}
}
