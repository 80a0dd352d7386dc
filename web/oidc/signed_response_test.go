package oidc_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// TestASignedAnswer is JARM 1.0: every answer, errors too, as a JWT that only this client
// takes, by each way.
func TestASignedAnswer(t *testing.T) {
	w := on(t)
	w.registerAll()
	keys := oidc.NewRemoteKeySet(t.Context(), w.url+"/.well-known/jwks.json")
	for mode, opening := range map[string]string{"jwt": "?response=", "query.jwt": "?response=", "fragment.jwt": "#response=", "form_post.jwt": `name="response" value="`} {
		for name, test := range map[string]struct{ change, parameter string }{"a code": {"", "code"}, "an error": {"none", "error"}} {
			got := w.get("/authorize", ask("response_mode", mode, "prompt", test.change))
			where := got.Header.Get("Location")
			if mode == "form_post.jwt" {
				where = got.body
			}
			_, rest, found := strings.Cut(where, opening)
			if !found || strings.Contains(where, "code=") || strings.Contains(where, `name="state"`) || strings.Contains(where, "&iss=") {
				t.Errorf("%s, %s: got %d %s", mode, name, got.StatusCode, where)
				continue
			}
			token, err := url.QueryUnescape(strings.FieldsFunc(rest, func(r rune) bool { return r == '"' || r == '&' })[0])
			must(t, err)
			if _, err := keys.VerifySignature(t.Context(), token); err != nil {
				t.Errorf("%s, %s: %v", mode, name, err)
			}
			claims := claimsOf(t, token)
			left := time.Unix(int64(claims["exp"].(float64)), 0).Sub(w.clock())
			if claims["iss"] != w.url || claims["aud"] != "app" || claims["state"] != "s+ t&1" || claims[test.parameter] == nil || left <= 0 || left > 10*time.Minute || claims["sub"] != nil {
				t.Errorf("%s, %s: got %v", mode, name, claims)
			}
			// It is no ID token, though the same key signed it.
			if _, q := w.get("/authorize", ask("id_token_hint", token)).location(t); q.Get("error") != "invalid_request" {
				t.Errorf("as a hint: got %v", q)
			}
		}
	}
	if got := w.get("/authorize", ask("response_type", "code id_token", "response_mode", "jwt", "nonce", "-")); !strings.Contains(got.Header.Get("Location"), "#response=") {
		t.Errorf("the default for a hybrid type: got %s", got.Header.Get("Location"))
	}
	if got := w.get("/authorize", ask("response_mode", "query.jwt", "redirect_uri", "https://evil.example")); got.Header.Get("Location") != "" {
		t.Errorf("a foreign redirect URI: got %s", got.Header.Get("Location"))
	}
}
