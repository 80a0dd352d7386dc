package oidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/client"
)

// signer is a client's side of private_key_jwt and DPoP.
type signer struct {
	w     *world
	key   *ecdsa.PrivateKey
	nonce string
}

func (w *world) newSigner() *signer {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	return &signer{w: w, key: key}
}

func (s *signer) jwks() string {
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: s.key.Public(), KeyID: "one", Use: "sig"}}})
	must(s.w.t, err)
	return string(text)
}

func (s *signer) thumbprint() string {
	sum, err := (&jose.JSONWebKey{Key: s.key.Public()}).Thumbprint(crypto.SHA256)
	must(s.w.t, err)
	return base64.RawURLEncoding.EncodeToString(sum)
}

type claims = map[string]any

// sign makes a JWT of the claims; a change of nil leaves one out.
func (s *signer) sign(typ string, embed bool, all, change claims) string {
	s.w.t.Helper()
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	payload, err := json.Marshal(all)
	must(s.w.t, err)
	options := (&jose.SignerOptions{EmbedJWK: embed}).WithType(jose.ContentType(typ))
	by, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.key}, options)
	must(s.w.t, err)
	object, err := by.Sign(payload)
	must(s.w.t, err)
	text, err := object.CompactSerialize()
	must(s.w.t, err)
	return text
}

// proof is a DPoP proof for a request.
func (s *signer) proof(method, path, access string, change claims) string {
	all := claims{"jti": rand.Text(), "htm": method, "htu": s.w.url + path, "iat": s.w.clock().Unix()}
	if access != "" {
		sum := sha256.Sum256([]byte(access))
		all["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if s.nonce != "" {
		all["nonce"] = s.nonce
	}
	return s.sign("dpop+jwt", true, all, change)
}

// assertion proves to be a client.
func (s *signer) assertion(id string, change claims) string {
	now := s.w.clock().Unix()
	return s.sign("JWT", false, claims{"iss": id, "sub": id, "aud": s.w.url, "jti": rand.Text(), "iat": now, "exp": now + 60}, change)
}

// asserted adds an assertion to a form.
func (s *signer) asserted(id string, form url.Values, change claims) url.Values {
	full := url.Values{"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {s.assertion(id, change)}}
	maps.Copy(full, form)
	return full
}

// proving adds a proof to a request to the token endpoint.
func (s *signer) proving(r *http.Request) {
	r.Header.Set("DPoP", s.proof("POST", "/oauth/token", "", nil))
}

// userinfo asks with a token that is bound to the key.
func (s *signer) userinfo(access string, change claims) answered {
	r, err := http.NewRequestWithContext(s.w.t.Context(), http.MethodGet, s.w.url+"/oauth/userinfo", nil)
	must(s.w.t, err)
	r.Header.Set("Authorization", "DPoP "+access)
	r.Header.Set("DPoP", s.proof("GET", "/oauth/userinfo", access, change))
	return s.w.send(r)
}

func (w *world) add(n client.New) client.Client {
	w.t.Helper()
	c, _, err := w.clients.Add(w.t.Context(), n)
	must(w.t, err)
	return c
}

func (w *world) change(id string, change func(*client.Client)) {
	w.t.Helper()
	_, err := w.clients.Set(w.t.Context(), id, func(c *client.Client) error {
		change(c)
		return nil
	})
	must(w.t, err)
}

// redeem gets tokens of a code for Alice as the client app.
func (w *world) redeem(change func(*http.Request)) map[string]any {
	w.t.Helper()
	_, q := w.get("/authorize", ask()).location(w.t)
	got := w.post("/oauth/token", exchange(q.Get("code")), w.asApp, change)
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("code exchange: got %d %s", got.StatusCode, got.body)
	}
	return got.json(w.t)
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func (w *world) introspected(token string) map[string]any {
	w.t.Helper()
	return w.post("/oauth/introspect", url.Values{"token": {token}}, w.asApp).json(w.t)
}
