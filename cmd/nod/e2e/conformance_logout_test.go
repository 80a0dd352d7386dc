package e2e

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

// known is the discovery document.
func (w *world) known(t *testing.T) map[string]any {
	t.Helper()
	c := conformance{world: w, t: t}
	status, known := c.call(http.MethodGet, "/.well-known/openid-configuration", nil, func(*http.Request) {})
	if status != http.StatusOK || known["issuer"] != w.issuer {
		t.Fatalf("got %d %v", status, known)
	}
	return known
}

func TestConformanceConfigOP(t *testing.T) {
	t.Run("oidcc-discovery-endpoint-verification", func(t *testing.T) {
		w := start(t, "")
		known := w.known(t)
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"} {
			if address, ok := known[name].(string); !ok || !strings.HasPrefix(address, w.issuer+"/") {
				t.Errorf("%s: got %v", name, known[name])
			}
		}
		for name, wants := range map[string][]string{
			"scopes_supported": {"openid"}, "response_types_supported": {"code", "id_token", "id_token token"}, "subject_types_supported": {"public"},
			"id_token_signing_alg_values_supported": {"RS256"}, "grant_types_supported": {"authorization_code", "implicit"},
			"claims_supported": {"sub", "name", "email"}, "response_modes_supported": {"query", "fragment", "form_post"},
		} {
			all, _ := known[name].([]any)
			for _, want := range wants {
				if !slices.Contains(all, any(want)) {
					t.Errorf("%s: got %v, want %s in it", name, all, want)
				}
			}
		}
		c := conformance{world: w, t: t}
		_, set := c.call(http.MethodGet, strings.TrimPrefix(known["jwks_uri"].(string), w.issuer), nil, func(*http.Request) {})
		kids := map[any]bool{}
		for _, one := range set["keys"].([]any) {
			key := one.(map[string]any)
			if kids[key["kid"]] || key["kid"] == nil || key["use"] != "sig" || key["d"] != nil || key["p"] != nil || key["k"] != nil {
				t.Errorf("got the key %v", key)
			}
			kids[key["kid"]] = true
		}
	})
}

// The rows of TestOIDCCRPInitiatedLogout in web/oidc are the other modules of this plan.
func TestConformanceRPInitiatedLogoutOP(t *testing.T) {
	t.Run("oidcc-rp-initiated-logout-discovery-endpoint-verification", func(t *testing.T) {
		w := start(t, "")
		if known := w.known(t); known["end_session_endpoint"] != w.issuer+"/logout" {
			t.Errorf("got %v", known["end_session_endpoint"])
		}
	})
}

func TestConformanceBackChannelLogoutOP(t *testing.T) {
	t.Run("oidcc-backchannel-logout-discovery-endpoint-verification", func(t *testing.T) {
		known := start(t, "").known(t)
		if known["backchannel_logout_supported"] != true || known["backchannel_logout_session_supported"] != true {
			t.Errorf("got %v", known)
		}
	})
	t.Run("oidcc-backchannel-rp-initiated-logout", func(t *testing.T) {
		w, l, p := listening(t, "")
		v, idToken, sid := w.through(p)
		v.endsAt(idToken)
		token := l.hear(t) // go-oidc has judged it
		var claims struct{ SID string }
		if err := token.Claims(&claims); err != nil || claims.SID != sid || token.Subject != w.user.ID {
			t.Errorf("got %+v of %s, %v", claims, token.Subject, err)
		}
		v.signedOut()
	})
}

func TestConformanceFrontChannelLogoutOP(t *testing.T) {
	t.Run("oidcc-frontchannel-logout-discovery-endpoint-verification", func(t *testing.T) {
		known := start(t, "").known(t)
		if known["frontchannel_logout_supported"] != true || known["frontchannel_logout_session_supported"] != true {
			t.Errorf("got %v", known)
		}
	})
	t.Run("oidcc-frontchannel-rp-initiated-logout", func(t *testing.T) {
		w := start(t, "")
		w.app = w.application(client.New{ID: "wiki", FrontchannelLogoutURI: "http://127.0.0.1:9/frame"})
		v, idToken, sid := w.through(w.phone(w.user, "phone", ""))
		page := v.endsAt(idToken)
		frame := url.Values{"iss": {w.issuer}, "sid": {sid}}.Encode()
		if !strings.Contains(page, `src="http://127.0.0.1:9/frame?`+strings.ReplaceAll(frame, "&", "&amp;")+`"`) {
			t.Errorf("no frame for %s in\n%s", frame, page)
		}
		v.signedOut()
	})
}

// endsAt signs out as the application does, and returns the page that the browser sees.
func (v *visit) endsAt(idToken string) string {
	v.t.Helper()
	page, err := v.b.Get(v.t.Context(), v.issuer+"/logout?"+url.Values{
		"id_token_hint": {idToken}, "post_logout_redirect_uri": {"http://127.0.0.1:9/"}, "state": {"bye"},
	}.Encode())
	if err != nil {
		v.t.Fatal(err)
	}
	return page.Body
}

// signedOut holds that the session is over.
func (v *visit) signedOut() {
	v.t.Helper()
	silent := v.world.visit(v.b, v.app, parameter("prompt", "none"))
	if got := silent.answer(silent.page.URL).Get("error"); got != "login_required" {
		v.t.Errorf("got %q afterwards", got)
	}
}
