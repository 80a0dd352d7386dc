package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// As TestFAPIAtTheTokenEndpoint, for what a request may and must hold.
func TestFAPIWhatARequestHolds(t *testing.T) {
	succeeds := func(changes ...string) func(*testing.T, *world, *bank) {
		return func(t *testing.T, _ *world, b *bank) {
			_, q := b.brings(b.push(b.ask(changes...), nil), b.id).location(t)
			if got := b.token(exchange(q.Get("code"))); got.StatusCode != http.StatusOK || got.json(t)["id_token"] == nil {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		}
	}
	asserting := func(change func(w *world) claims) func(*testing.T, *world, *bank) {
		return func(t *testing.T, w *world, b *bank) {
			got := w.post("/oauth/token", b.asserted(b.id, exchange(b.code()), change(w)), b.proving)
			refused(t, got, http.StatusUnauthorized, "invalid_client")
		}
	}
	proofAged := func(age time.Duration) func(*testing.T, *world, *bank) {
		return func(t *testing.T, w *world, b *bank) {
			access := text(b.tokens()["access_token"])
			if got := b.userinfo(access, claims{"iat": w.clock().Add(-age).Unix()}); got.StatusCode != http.StatusOK {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
		}
	}
	for name, story := range map[string]func(*testing.T, *world, *bank){
		"discovery-end-point-verification":                            fapiDiscovery,
		"user-rejects-authentication":                                 fapiRejected,
		"ensure-authorization-request-without-nonce-success":          succeeds("nonce", "-"),
		"ensure-authorization-request-with-64-char-nonce-success":     succeeds("nonce", strings.Repeat("n", 64)),
		"ensure-authorization-request-with-long-nonce":                succeeds("nonce", strings.Repeat("n", 384)),
		"ensure-authorization-request-with-long-state":                succeeds("state", strings.Repeat("s", 384)),
		"ensure-other-scope-order-succeeds":                           succeeds("scope", "offline_access openid"),
		"par-without-duplicate-parameters":                            succeeds(),
		"ensure-dpopproof-with-iat-10seconds-before-succeeds":         proofAged(10 * time.Second),
		"ensure-dpopproof-with-iat-10seconds-after-succeeds":          proofAged(-10 * time.Second),
		"ensure-client-assertion-with-wrong-aud-fails":                asserting(func(*world) claims { return claims{"aud": "https://other.example"} }),
		"ensure-client-assertion-with-no-sub-fails":                   asserting(func(*world) claims { return claims{"sub": nil} }),
		"ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": asserting(func(w *world) claims { return claims{"exp": w.clock().Unix() - 300} }),
		"test-claims-parameter-identity-claims": func(t *testing.T, w *world, b *bank) {
			b.brings(b.push(b.ask("claims", `{"userinfo":{"name":{"essential":true}},"id_token":{"email":null}}`), nil), b.id)
			asked := w.logins.request.Claims
			if !slices.Equal(asked.UserInfo, []string{"name"}) || !slices.Equal(asked.IDToken, []string{"email"}) {
				t.Errorf("got %+v", asked)
			}
		},
		"ensure-different-nonce-inside-and-outside-request-object": func(t *testing.T, w *world, b *bank) {
			b.outside(b.ask("nonce", "inside"), "nonce", "outside")
			if w.logins.request.Nonce != "inside" {
				t.Errorf("got nonce %q", w.logins.request.Nonce)
			}
		},
		"ensure-different-state-inside-and-outside-request-object": func(t *testing.T, _ *world, b *bank) {
			if _, q := b.outside(b.ask("state", "inside"), "state", "outside").location(t); q.Get("state") != "inside" || q.Get("code") == "" {
				t.Errorf("got %v", q)
			}
		},
		"state-only-outside-request-object-not-used": func(t *testing.T, _ *world, b *bank) {
			if _, q := b.outside(b.ask("state", "-"), "state", "outside").location(t); q.Has("state") || q.Get("code") == "" {
				t.Errorf("got %v", q)
			}
		},
		"ensure-request-object-without-redirect-uri-fails": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("redirect_uri", "-"), nil), http.StatusBadRequest, "invalid_request")
		},
		"plain-fapi-tolerate-unregistered-redirect-uri": func(t *testing.T, _ *world, b *bank) {
			// RFC 9126, section 2.4, lets a server tolerate it; this one does not.
			refused(t, b.push(b.ask("redirect_uri", "https://unregistered.example/cb"), nil), http.StatusBadRequest, "invalid_request")
		},
		"ensure-response-type-token-fails": func(t *testing.T, _ *world, b *bank) {
			refused(t, b.push(b.ask("response_type", "token"), nil), http.StatusBadRequest, "unsupported_response_type")
		},
		"par-ensure-reused-request-uri-prior-to-auth-completion-succeeds": func(t *testing.T, w *world, b *bank) {
			w.logins.asks = true
			pushed := b.push(b.ask(), nil)
			for range 2 {
				if got := b.brings(pushed, b.id); got.Header.Get("Location") != "/login/log_1" {
					t.Errorf("got %d to %q", got.StatusCode, got.Header.Get("Location"))
				}
			}
		},
	} {
		t.Run("fapi2-security-profile-final-"+name, func(t *testing.T) {
			w := on(t)
			story(t, w, w.newBank("bank"))
		})
	}
}

// outside brings a pushed request with one more parameter beside it.
func (b *bank) outside(form url.Values, name, value string) answered {
	b.w.t.Helper()
	pushed := b.push(form, nil)
	return b.w.get("/authorize", url.Values{"client_id": {b.id}, "request_uri": {text(pushed.json(b.w.t)["request_uri"])}, name: {value}})
}

func fapiRejected(t *testing.T, w *world, b *bank) {
	w.logins.denies = true
	back, q := b.brings(b.push(b.ask(), nil), b.id).location(t)
	if back != redirect || q.Get("error") != "access_denied" || q.Get("iss") != w.url || q.Get("state") != "s+ t&1" || q.Has("code") {
		t.Errorf("got %s with %v", back, q)
	}
}

func fapiDiscovery(t *testing.T, w *world, _ *bank) {
	known := w.get("/.well-known/openid-configuration", nil).json(t)
	for name, want := range map[string]any{
		"issuer": w.url, "pushed_authorization_request_endpoint": w.url + "/oauth/par", "authorization_response_iss_parameter_supported": true,
	} {
		if known[name] != want {
			t.Errorf("%s: got %v", name, known[name])
		}
	}
	for name, wants := range map[string][]string{
		"token_endpoint_auth_methods_supported":            {"private_key_jwt"},
		"token_endpoint_auth_signing_alg_values_supported": {"PS256", "ES256", "EdDSA"},
		"dpop_signing_alg_values_supported":                {"PS256", "ES256", "EdDSA"},
		"code_challenge_methods_supported":                 {"S256"},
		"response_types_supported":                         {"code"},
	} {
		for _, want := range wants {
			if all, _ := known[name].([]any); !slices.Contains(all, any(want)) {
				t.Errorf("%s: got %v, want %s in it", name, known[name], want)
			}
		}
	}
}
