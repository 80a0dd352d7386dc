package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// ask is a complete authorization request of the bank, with changes as in ask.
func (b *bank) ask(changes ...string) url.Values {
	return ask(append([]string{"client_id", b.id, "scope", "openid offline_access"}, changes...)...)
}

// push sends a request beforehand, with an assertion whose claims are changed.
func (b *bank) push(form url.Values, change claims, more ...func(*http.Request)) answered {
	b.w.t.Helper()
	return b.w.post("/oauth/par", b.asserted(b.id, form, change), more...)
}

// brings leads the browser to the authorization endpoint with what was pushed.
func (b *bank) brings(pushed answered, id string) answered {
	b.w.t.Helper()
	if pushed.StatusCode != http.StatusCreated {
		b.w.t.Fatalf("push: got %d %s", pushed.StatusCode, pushed.body)
	}
	return b.w.get("/authorize", url.Values{"client_id": {id}, "request_uri": {text(pushed.json(b.w.t)["request_uri"])}})
}

func (b *bank) proves(path string) func(*http.Request) {
	return header("DPoP", b.proof("POST", path, "", nil))
}

// As TestFAPIAtTheTokenEndpoint, for what leads there.
func TestFAPIFromThePushToTheCode(t *testing.T) {
	for name, story := range map[string]func(*testing.T, *world, *bank){
		"happy-flow": func(t *testing.T, w *world, b *bank) {
			back, q := b.brings(b.push(b.ask(), nil), b.id).location(t)
			if back != redirect || q.Get("iss") != w.url || q.Get("state") != "s+ t&1" {
				t.Fatalf("got %s with %v", back, q)
			}
			got := b.token(exchange(q.Get("code")))
			if got.StatusCode != http.StatusOK || got.json(t)["refresh_token"] == nil {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		},
		"ensure-authorization-request-without-state-success": func(t *testing.T, _ *world, b *bank) {
			if _, q := b.brings(b.push(b.ask("state", "-", "nonce", "-"), nil), b.id).location(t); q.Get("code") == "" || q.Has("state") {
				t.Errorf("got %v", q)
			}
		},
		"ensure-unsigned-authorization-request-without-using-par-fails": func(t *testing.T, w *world, b *bank) {
			if _, q := w.get("/authorize", b.ask()).location(t); q.Get("error") != "invalid_request" {
				t.Errorf("got %v", q)
			}
		},
		"par-ensure-pkce-required": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("code_challenge", "-", "code_challenge_method", "-"), nil), http.StatusBadRequest, "invalid_request")
		},
		"par-plain-pkce-rejected": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("code_challenge_method", "plain"), nil), http.StatusBadRequest, "invalid_request")
		},
		"par-test-array-as-audience-fails": func(t *testing.T, w *world, b *bank) {
			for _, list := range [][]string{{w.url}, {w.url, "https://other.example"}} {
				refused(t, b.push(b.ask(), claims{"aud": list}), http.StatusUnauthorized, "invalid_client")
			}
		},
		"par-test-par-endpoint-url-as-audience-fails": func(t *testing.T, w *world, b *bank) {
			refused(t, b.push(b.ask(), claims{"aud": w.url + "/oauth/par"}), http.StatusUnauthorized, "invalid_client")
		},
		"par-test-token-endpoint-url-as-audience-fails": func(t *testing.T, w *world, b *bank) {
			refused(t, b.push(b.ask(), claims{"aud": w.url + "/oauth/token"}), http.StatusUnauthorized, "invalid_client")
		},
		"par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted": func(t *testing.T, w *world, b *bank) {
			ahead := w.clock().Unix() + 8
			if got := b.push(b.ask(), claims{"iat": ahead, "nbf": ahead}); got.StatusCode != http.StatusCreated {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		},
		"par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails": func(t *testing.T, w *world, b *bank) {
			refused(t, b.push(b.ask(), claims{"nbf": w.clock().Unix() + 61}), http.StatusUnauthorized, "invalid_client")
		},
		"par-attempt-to-use-request_uri-for-different-client": func(t *testing.T, w *world, b *bank) {
			if got := b.brings(b.push(b.ask(), nil), w.newBank("other-bank").id); got.StatusCode != http.StatusBadRequest || got.Header.Get("Location") != "" {
				t.Errorf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
			}
		},
		"par-attempt-reuse-request_uri": func(t *testing.T, _ *world, b *bank) {
			pushed := b.push(b.ask(), nil)
			b.brings(pushed, b.id)
			if got := b.brings(pushed, b.id); strings.Contains(got.Header.Get("Location"), "code=") {
				t.Errorf("got a second code: %s", got.Header.Get("Location"))
			}
		},
		"par-attempt-to-use-expired-request_uri": func(t *testing.T, w *world, b *bank) {
			pushed := b.push(b.ask(), nil)
			w.pass(time.Minute)
			if got := b.brings(pushed, b.id); strings.Contains(got.Header.Get("Location"), "code=") {
				t.Errorf("got a code: %s", got.Header.Get("Location"))
			}
		},
		"par-authorization-request-containing-request_uri-form-param": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("request_uri", "urn:ietf:params:oauth:request_uri:x"), nil), http.StatusBadRequest, "invalid_request")
		},
		"par-attempt-invalid-http-method": func(t *testing.T, w *world, _ *bank) {
			if got := w.get("/oauth/par", nil); got.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("got %d", got.StatusCode)
			}
		},
		"ensure-response-type-code-idtoken-fails": func(t *testing.T, _ *world, b *bank) {
			for _, kind := range []string{"code id_token", "token", "id_token"} {
				if got := b.push(b.ask("response_type", kind), nil); got.StatusCode != http.StatusBadRequest {
					t.Errorf("%s: got %d %s", kind, got.StatusCode, got.body)
				}
			}
		},
		"ensure-redirect-uri-in-authorization-request": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("redirect_uri", "-"), nil), http.StatusBadRequest, "invalid_request")
		},
		"ensure-registered-redirect-uri": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("redirect_uri", redirect+"/x"), nil), http.StatusBadRequest, "invalid_request")
		},
		"ensure-dpopproof-at-par-endpoint-binding-success": func(t *testing.T, _ *world, b *bank) {
			_, q := b.brings(b.push(b.ask(), nil, b.proves("/oauth/par")), b.id).location(t)
			if got := b.token(exchange(q.Get("code"))); got.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		},
		"ensure-mismatched-dpop-jkt-fails": func(t *testing.T, w *world, b *bank) {
			other := w.newSigner().thumbprint()
			refused(t, b.push(b.ask("dpop_jkt", other), nil, b.proves("/oauth/par")), http.StatusBadRequest, "invalid_request")
		},
		"ensure-token-endpoint-fails-with-mismatched-dpop-proof-jkt": func(t *testing.T, w *world, b *bank) {
			_, q := b.brings(b.push(b.ask(), nil, b.proves("/oauth/par")), b.id).location(t)
			other := w.newSigner()
			other.nonce = b.nonce
			form := b.asserted(b.id, exchange(q.Get("code")), nil)
			refused(t, w.post("/oauth/token", form, other.proving), http.StatusBadRequest, "invalid_grant")
		},
	} {
		t.Run("fapi2-security-profile-final-"+name, func(t *testing.T) {
			w := on(t)
			story(t, w, w.newBank("bank"))
		})
	}
}
