package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// The modules of the OpenID Foundation's plan "RP-Initiated Logout OP", by their names.

// rpLogout is how a request to sign out ends.
type rpLogout struct {
	query  func(idToken string) url.Values
	end    string // "back" to the application, "asked", or "refused" on a page
	toward string // where it leads back to
}

func TestOIDCCRPInitiatedLogout(t *testing.T) {
	hinted := func(change func(url.Values)) func(string) url.Values {
		return func(idToken string) url.Values {
			q := url.Values{"id_token_hint": {idToken}, "post_logout_redirect_uri": {afterward}, "state": {"abc"}}
			if change != nil {
				change(q)
			}
			return q
		}
	}
	spoiled := func(idToken string) string {
		parts := strings.Split(idToken, ".")
		parts[1] = parts[1][:len(parts[1])-4] + "AAAA"
		return strings.Join(parts, ".")
	}
	for module, row := range map[string]rpLogout{
		"oidcc-rp-initiated-logout": {hinted(nil), "back", afterward + "?state=abc"},
		"oidcc-rp-initiated-logout-no-state": {
			hinted(func(q url.Values) { q.Del("state") }), "back", afterward},
		"oidcc-rp-initiated-logout-no-post-logout-redirect-uri": {
			hinted(func(q url.Values) { q.Del("post_logout_redirect_uri") }), "back", "/logout/done?client_id=app"},
		"oidcc-rp-initiated-logout-no-params": {
			func(string) url.Values { return nil }, "asked", ""},
		"oidcc-rp-initiated-logout-only-state": {
			func(string) url.Values { return url.Values{"state": {"abc"}} }, "asked", ""},
		"oidcc-rp-initiated-logout-no-id-token-hint": {
			hinted(func(q url.Values) { q.Del("id_token_hint") }), "refused", ""},
		"oidcc-rp-initiated-logout-bad-id-token-hint": {
			hinted(func(q url.Values) { q.Set("id_token_hint", "not.a.token") }), "refused", ""},
		"oidcc-rp-initiated-logout-modified-id-token-hint": {
			hinted(func(q url.Values) { q.Set("id_token_hint", spoiled(q.Get("id_token_hint"))) }), "refused", ""},
		"oidcc-rp-initiated-logout-bad-post-logout-redirect-uri": {
			hinted(func(q url.Values) { q.Set("post_logout_redirect_uri", "https://app.example/other") }), "refused", ""},
		"oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri": {
			hinted(func(q url.Values) { q.Set("post_logout_redirect_uri", afterward+"?foo=bar") }), "refused", ""},
		// What the standard has beside the modules (RP-Initiated Logout 1.0, section 2).
		"with the client's id, a hint at the person and their languages": {
			hinted(func(q url.Values) {
				q.Set("client_id", "app")
				q.Set("logout_hint", "alice@example.org")
				q.Set("ui_locales", "de-CH en")
			}), "back", afterward + "?state=abc"},
		"with the client's id instead of the hint": {
			hinted(func(q url.Values) { q.Del("id_token_hint"); q.Set("client_id", "app") }), "asked", ""},
		"with the client's id instead of the hint, which is bad": {
			hinted(func(q url.Values) { q.Set("id_token_hint", "not.a.token"); q.Set("client_id", "app") }), "asked", ""},
		"with a hint at the person that is no text": {
			hinted(func(q url.Values) { q.Set("logout_hint", "\x00") }), "refused", ""},
		"with a hint at the person that is too long": {
			hinted(func(q url.Values) { q.Set("logout_hint", strings.Repeat("a", 5000)) }), "refused", ""},
	} {
		t.Run(module, func(t *testing.T) {
			w := on(t)
			idToken := w.signedIn("scope", "openid")["id_token"].(string)
			w.giveCookie("nod-session", w.cookie)
			got := w.get("/logout", row.query(idToken))
			end := map[int]string{http.StatusSeeOther: "back", http.StatusOK: "asked", http.StatusBadRequest: "refused"}[got.StatusCode]
			if end != row.end || got.Header.Get("Location") != row.toward || w.over() != (row.end == "back") {
				t.Errorf("got %d to %q, over %v", got.StatusCode, got.Header.Get("Location"), w.over())
			}
			if asked := strings.Contains(got.body, `id="logout-confirm"`); asked != (row.end == "asked") {
				t.Errorf("asked: %v", asked)
			}
		})
	}
}

func TestOIDCCLogoutDiscoveryEndpointVerification(t *testing.T) {
	w := on(t)
	known := w.get("/.well-known/openid-configuration", nil).json(t)
	if known["end_session_endpoint"] != w.url+"/logout" {
		t.Errorf("got end_session_endpoint %v", known["end_session_endpoint"])
	}
	for _, name := range []string{
		"backchannel_logout_supported", "backchannel_logout_session_supported",
		"frontchannel_logout_supported", "frontchannel_logout_session_supported",
	} {
		if known[name] != true {
			t.Errorf("got %s %v", name, known[name])
		}
	}
}
