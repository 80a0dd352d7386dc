package oidc_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
)

// bank is a client of the FAPI 2.0 Security Profile, with a key for what it must sign.
type bank struct {
	*signer
	id  string
	rsa *rsa.PrivateKey
}

// rsaKey is made once: it takes long.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func (w *world) newBank(id string) *bank {
	w.t.Helper()
	b := &bank{signer: w.newSigner(), id: id}
	b.rsa = rsaKey()
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: b.key.Public(), KeyID: "one"}, {Key: b.rsa.Public(), KeyID: "two"}}})
	must(w.t, err)
	w.add(client.New{ID: id, FAPI: client.FAPI2, JWKS: string(set), RedirectURIs: []string{redirect},
		Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken, client.ClientCredentials}})
	b.nonce = w.surface.Nonce()
	return b
}

// code is what a pushed and answered authorization request leads to.
func (b *bank) code(change ...func(*idp.AuthRequest)) string {
	req := idp.AuthRequest{ClientID: b.id, RedirectURI: redirect, CodeChallenge: challenge, Scopes: []string{"openid", "offline_access"}, Nonce: "n"}
	for _, c := range change {
		c(&req)
	}
	return b.w.code(req)
}

// token sends a request to the token endpoint as a client of the profile does.
func (b *bank) token(form url.Values, change ...func(*http.Request)) answered {
	b.w.t.Helper()
	return b.w.post("/oauth/token", b.asserted(b.id, form, nil), append([]func(*http.Request){b.proving}, change...)...)
}

func (b *bank) tokens() map[string]any {
	b.w.t.Helper()
	got := b.token(exchange(b.code()))
	if got.StatusCode != http.StatusOK {
		b.w.t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	return got.json(b.w.t)
}

func without(r *http.Request) { r.Header.Del("DPoP") }

// Each story has the name of the module of the OpenID Foundation's conformance suite that
// asks the same of the token endpoint and the resource.
func TestFAPIAtTheTokenEndpoint(t *testing.T) {
	for name, story := range map[string]func(*testing.T, *world, *bank){
		"happy-flow": func(t *testing.T, _ *world, b *bank) {
			issued := b.tokens()
			if issued["token_type"] != "DPoP" || issued["id_token"] == nil {
				t.Errorf("got %v", issued)
			}
			if got := b.userinfo(text(issued["access_token"]), nil); got.StatusCode != http.StatusOK {
				t.Errorf("userinfo: got %d %s", got.StatusCode, got.body)
			}
		},
		"ensure-holder-of-key-required": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.token(exchange(b.code()), without), http.StatusBadRequest, "invalid_dpop_proof")
		},
		"ensure-authorization-code-is-bound-to-client": func(t *testing.T, w *world, b *bank) {
			refused(t, w.newBank("other-bank").token(exchange(b.code())), http.StatusBadRequest, "invalid_grant")
		},
		"ensure-client-id-in-token-endpoint": func(t *testing.T, w *world, b *bank) {
			w.newBank("other-bank")
			form := b.asserted(b.id, exchange(b.code()), nil)
			form.Set("client_id", "other-bank")
			refused(t, w.post("/oauth/token", form, b.proving), http.StatusUnauthorized, "invalid_client")
		},
		"attempt-reuse-authorization-code-after-one-second": func(t *testing.T, w *world, b *bank) {
			code := b.code()
			issued := b.token(exchange(code)).json(t)
			w.pass(time.Second)
			refused(t, b.token(exchange(code)), http.StatusBadRequest, "invalid_grant")
			refused(t, b.userinfo(text(issued["access_token"]), nil), http.StatusUnauthorized, "invalid_token")
		},
		"ensure-token-endpoint-fails-with-expired-auth-code": func(t *testing.T, w *world, b *bank) {
			code := b.code()
			w.pass(time.Minute)
			b.nonce = w.surface.Nonce()
			refused(t, b.token(exchange(code)), http.StatusBadRequest, "invalid_grant")
		},
		"ensure-signed-client-assertion-with-RS256-fails": func(t *testing.T, w *world, b *bank) {
			for alg, status := range map[jose.SignatureAlgorithm]int{jose.RS256: http.StatusUnauthorized, jose.PS256: http.StatusOK} {
				form := b.asserted(b.id, exchange(b.code()), nil)
				form.Set("client_assertion", b.byRSA(alg))
				if got := w.post("/oauth/token", form, b.proving); got.StatusCode != status {
					t.Errorf("%s: got %d %s", alg, got.StatusCode, got.body)
				}
			}
		},
		"ensure-client-assertion-in-token-endpoint": func(t *testing.T, w *world, b *bank) {
			form := exchange(b.code())
			form.Set("client_id", b.id)
			refused(t, w.post("/oauth/token", form, b.proving), http.StatusUnauthorized, "invalid_client")
		},
		"ensure-invalid-client-assertions-fail": func(t *testing.T, w *world, b *bank) {
			now := w.clock().Unix()
			for what, change := range map[string]claims{
				"exp 5 minutes in the past": {"exp": now - 300}, "a wrong aud": {"aud": "https://other.example"}, "no sub": {"sub": nil},
				"no iss": {"iss": nil}, "no jti": {"jti": nil}, "no exp": {"exp": nil}, "aud as a list": {"aud": []string{w.url}},
				"the token endpoint as aud": {"aud": w.url + "/oauth/token"}, "nbf 61 s ahead": {"nbf": now + 61}, "iat 61 s ahead": {"iat": now + 61},
			} {
				got := w.post("/oauth/token", b.asserted(b.id, exchange(b.code()), change), b.proving)
				if got.StatusCode != http.StatusUnauthorized || got.json(t)["error"] != "invalid_client" {
					t.Errorf("%s: got %d %s", what, got.StatusCode, got.body)
				}
			}
			got := w.post("/oauth/token", b.asserted(b.id, exchange(b.code()), claims{"nbf": now + 8, "iat": now + 8}), b.proving)
			if got.StatusCode != http.StatusOK {
				t.Errorf("8 s ahead: got %d %s", got.StatusCode, got.body)
			}
		},
		"ensure-pkce-code-verifier-required": func(t *testing.T, _ *world, b *bank) {
			form := exchange(b.code())
			form.Del("code_verifier")
			refused(t, b.token(form), http.StatusBadRequest, "invalid_grant")
		},
		"incorrect-pkce-code-verifier-rejected": func(t *testing.T, _ *world, b *bank) {
			form := exchange(b.code())
			form.Set("code_verifier", strings.Repeat("x", 43))
			refused(t, b.token(form), http.StatusBadRequest, "invalid_grant")
		},
		"ensure-dpop-auth-code-binding-success": func(t *testing.T, _ *world, b *bank) {
			bound := b.code(func(r *idp.AuthRequest) { r.DPoPThumbprint = b.thumbprint() })
			if got := b.token(exchange(bound)); got.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		},
		"ensure-token-endpoint-fails-with-mismatched-dpop-jkt": func(t *testing.T, w *world, b *bank) {
			other := w.newSigner().thumbprint()
			bound := b.code(func(r *idp.AuthRequest) { r.DPoPThumbprint = other })
			refused(t, b.token(exchange(bound)), http.StatusBadRequest, "invalid_grant")
		},
		"refresh-token": refreshUnderFAPI,
		"check-dpop-proof-nbf-exp": func(t *testing.T, w *world, b *bank) {
			access, now := text(b.tokens()["access_token"]), w.clock().Unix()
			if got := b.userinfo(access, claims{"nbf": now - 1, "exp": now + 60}); got.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
			refused(t, b.userinfo(access, claims{"exp": now - 1}), http.StatusUnauthorized, "invalid_dpop_proof")
		},
		"access-token-type-header-case-sensitivity": func(t *testing.T, w *world, b *bank) {
			access := text(b.tokens()["access_token"])
			got := w.post("/oauth/userinfo", nil, header("Authorization", "dPoP "+access), header("DPoP", b.proof("POST", "/oauth/userinfo", access, nil)))
			if got.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		},
		"dpop-negative-tests": negativeProofs,
	} {
		t.Run("fapi2-security-profile-final-"+name, func(t *testing.T) {
			w := on(t)
			story(t, w, w.newBank("bank"))
		})
	}
}

// refreshUnderFAPI is the module refresh-token. The token stays the same (FAPI 2.0 Security
// Profile, section 5.3.2.1).
func refreshUnderFAPI(t *testing.T, w *world, b *bank) {
	first := text(b.tokens()["refresh_token"])
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}}
	for range 2 {
		again := b.token(form)
		if got := again.json(t); again.StatusCode != http.StatusOK || got["refresh_token"] != first || got["token_type"] != "DPoP" {
			t.Fatalf("got %d %s", again.StatusCode, again.body)
		}
	}
	refused(t, b.token(form, without), http.StatusBadRequest, "invalid_dpop_proof")
	refused(t, w.newBank("other-bank").token(form), http.StatusBadRequest, "invalid_grant")
	bare := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}, "client_id": {b.id}}
	refused(t, w.post("/oauth/token", bare, b.proving), http.StatusUnauthorized, "invalid_client")
}

func negativeProofs(t *testing.T, w *world, b *bank) {
	access, now := text(b.tokens()["access_token"]), w.clock()
	for what, change := range map[string]claims{
		"no htu": {"htu": nil}, "no iat": {"iat": nil}, "no ath": {"ath": nil}, "no jti": {"jti": nil}, "no htm": {"htm": nil},
		"htm PUT": {"htm": "PUT"}, "another htu": {"htu": w.url + "/oauth/other"}, "another ath": {"ath": "x"},
		"iat an hour ahead": {"iat": now.Add(time.Hour).Unix()}, "iat an hour ago": {"iat": now.Add(-time.Hour).Unix()},
	} {
		if got := b.userinfo(access, change); got.StatusCode != http.StatusUnauthorized || got.json(t)["error"] != "invalid_dpop_proof" {
			t.Errorf("%s: got %d %s", what, got.StatusCode, got.body)
		}
	}
	for _, same := range []string{w.url + "/oauth/userinfo?a=b#c", strings.Replace(w.url, "http", "HTTP", 1) + "/oauth/userinfo"} {
		if got := b.userinfo(access, claims{"htu": same}); got.StatusCode != http.StatusOK {
			t.Errorf("htu %s: got %d %s", same, got.StatusCode, got.body)
		}
	}
	other := w.newSigner()
	other.nonce = b.nonce
	refused(t, other.userinfo(access, nil), http.StatusUnauthorized, "invalid_token")
	if got := b.userinfo(access, nil); got.StatusCode != http.StatusOK {
		t.Errorf("a correct proof afterwards: got %d %s", got.StatusCode, got.body)
	}
}

// byRSA signs an assertion with the RSA key.
func (b *bank) byRSA(alg jose.SignatureAlgorithm) string {
	now := b.w.clock().Unix()
	payload, err := json.Marshal(claims{"iss": b.id, "sub": b.id, "aud": b.w.url, "jti": rand.Text(), "iat": now, "exp": now + 60})
	must(b.w.t, err)
	by, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: b.rsa, KeyID: "two"}}, nil)
	must(b.w.t, err)
	object, err := by.Sign(payload)
	must(b.w.t, err)
	signed, err := object.CompactSerialize()
	must(b.w.t, err)
	return signed
}
