package e2e

import (
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"
)

// tokenModules are about the token endpoint.
var tokenModules = []module{
	{"oidcc-codereuse", func(c *conformance) { c.reuses(0) }, withCode},
	{"oidcc-codereuse-30seconds", func(c *conformance) { c.reuses(30 * time.Second) }, withCode},
	{"oidcc-server-client-secret-post", func(c *conformance) { c.complete(c.ask("client_id", "post")) }, withCode},
	{"oidcc-refresh-token", refreshes, withCode},
	{"oidcc-ensure-request-with-valid-pkce-succeeds", func(c *conformance) {
		verifier := oauth2.GenerateVerifier()
		q := c.ask("code_challenge", oauth2.S256ChallengeFromVerifier(verifier), "code_challenge_method", "S256")
		code := c.authorize(q).Get("code")
		form := exchange(code)
		form.Set("code_verifier", verifier)
		if status, got := c.token(q.Get("client_id"), form); status != http.StatusOK || got["id_token"] == nil {
			c.t.Errorf("got %d %v", status, got)
		}
	}, withCode},
}

func exchange(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
}

// token asks the token endpoint as one of the clients, by its own method.
func (c *conformance) token(id string, form url.Values) (int, map[string]any) {
	c.t.Helper()
	authenticate := func(r *http.Request) { r.SetBasicAuth(id, c.basic.ClientSecret) }
	if id == "post" {
		form.Set("client_id", id)
		form.Set("client_secret", c.post.ClientSecret)
		authenticate = func(*http.Request) {}
	}
	status, got := c.call(http.MethodPost, "/oauth/token", form, authenticate)
	for _, name := range []string{"access_token", "refresh_token", "id_token"} {
		if secret, ok := got[name].(string); ok {
			c.hide(secret)
		}
	}
	return status, got
}

// redeem exchanges the code, and verifies the ID token that comes of it.
func (c *conformance) redeem(got *told, q url.Values) {
	c.t.Helper()
	status, answer := c.token(q.Get("client_id"), exchange(got.code))
	if status != http.StatusOK || answer["token_type"] != "Bearer" {
		c.t.Fatalf("got %d %v", status, answer)
	}
	got.access, _ = answer["access_token"].(string)
	got.refresh, _ = answer["refresh_token"].(string)
	got.raw, _ = answer["id_token"].(string)
	c.verify(got, q)
}

// reuses holds that a code works once, and that what it gave ends with the second use.
func (c *conformance) reuses(after time.Duration) {
	c.t.Helper()
	got := c.complete(c.ask())
	c.skip(after)
	if status, answer := c.token("basic", exchange(got.code)); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		c.t.Errorf("got %d %v", status, answer)
	}
	status, _ := c.call(http.MethodGet, "/oauth/userinfo", nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+got.access) })
	if status != http.StatusUnauthorized {
		c.t.Errorf("the access token afterwards: got %d", status)
	}
}

func refreshes(c *conformance) {
	got := c.complete(c.ask("scope", "openid offline_access", "prompt", "consent"))
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.refresh}}
	if got.refresh == "" {
		c.t.Fatal("there is no refresh token")
	}
	if status, answer := c.token("post", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {got.refresh}}); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
		c.t.Errorf("by another client: got %d %v", status, answer)
	}
	status, answer := c.token("basic", form)
	access, _ := answer["access_token"].(string)
	if status != http.StatusOK || access == "" || access == got.access {
		c.t.Fatalf("got %d %v", status, answer)
	}
	c.userinfo(access, http.MethodGet, "header")
	if raw, ok := answer["id_token"].(string); ok { // OpenID Connect Core 1.0, section 12.2
		id, err := c.basic.verifier.Verify(c.t.Context(), raw)
		if err != nil || id.Subject != got.id.Subject || id.Issuer != got.id.Issuer {
			c.t.Errorf("got %+v, %v", id, err)
		}
	}
}
