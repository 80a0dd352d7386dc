package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/client"
)

const cibaGrant = "urn:openid:params:grant-type:ciba"

// desk is a client that may ask by itself, and is called back.
type desk struct {
	*world
	secret string
}

func withDesk(w *world) *desk {
	s := w.surface
	s.Inquiries = &ciba.Inquiries{DB: w.db, Box: s.Box, Epoch: w.tokens.Epoch, Users: w.users, Clients: w.clients, Tokens: w.tokens, Now: w.clock}
	_, secret, err := w.clients.Add(w.t.Context(), client.New{ID: "desk", IDTokenAlg: client.ES256, Grants: []client.Grant{client.CIBA},
		CIBA: client.CIBAPing, CIBANotificationURI: "https://desk.example/ping"})
	must(w.t, err)
	return &desk{w, secret}
}

func (d *desk) asDesk(r *http.Request) { r.SetBasicAuth("desk", d.secret) }

// asks is a complete request, with changes: pairs of name and value, where "-" leaves the
// parameter out.
func (d *desk) asks(changes ...string) answered {
	form := url.Values{"scope": {"openid email"}, "login_hint": {"alice"}, "binding_message": {"Till 3"}, "client_notification_token": {strings.Repeat("t", 22)}}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "-" {
			form.Del(changes[i])
		} else {
			form.Set(changes[i], changes[i+1])
		}
	}
	return d.post("/oauth/bc-authorize", form, d.asDesk)
}

// TestADeskAsksAndWaits is OpenID Connect CIBA Core 1.0, sections 7.3 and 11.
func TestADeskAsksAndWaits(t *testing.T) {
	d := withDesk(on(t))
	for _, who := range []string{"alice", "nobody"} {
		got := d.asks("login_hint", who)
		begun := got.json(t)
		if got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" || len(begun) != 3 || begun["expires_in"] != 120.0 || begun["interval"] != 5.0 {
			t.Fatalf("%s: got %d %s", who, got.StatusCode, got.body)
		}
		poll := url.Values{"grant_type": {cibaGrant}, "auth_req_id": {begun["auth_req_id"].(string)}}
		refused(t, d.post("/oauth/token", poll, d.asDesk), http.StatusBadRequest, "authorization_pending")
		refused(t, d.post("/oauth/token", poll, d.asDesk), http.StatusBadRequest, "slow_down")
		refused(t, d.post("/oauth/token", poll, d.asApp), http.StatusBadRequest, "unauthorized_client")
		d.pass(2 * time.Minute)
		refused(t, d.post("/oauth/token", poll, d.asDesk), http.StatusBadRequest, "expired_token")
		if strings.Contains(d.log.String(), begun["auth_req_id"].(string)) {
			t.Error("the log holds an auth_req_id")
		}
	}
	refused(t, d.post("/oauth/token", url.Values{"grant_type": {cibaGrant}, "auth_req_id": {"ncb_x"}}, d.asDesk), http.StatusBadRequest, "invalid_grant")
	refused(t, d.post("/oauth/token", url.Values{"grant_type": {cibaGrant}}, d.asDesk), http.StatusBadRequest, "invalid_request")
	for wanted, granted := range map[string]any{"30": 30.0, "300": 300.0, "9999": 300.0} {
		if got := d.asks("requested_expiry", wanted).json(t)["expires_in"]; got != granted {
			t.Errorf("requested %s s: got %v", wanted, got)
		}
	}
}

func TestEachFaultOfAnInquiryHasItsName(t *testing.T) {
	d := withDesk(on(t))
	foreign := d.signedIn()["id_token"].(string) // the client app's
	for name, test := range map[string]struct {
		changes []string
		code    string
	}{
		"no openid":                      {[]string{"scope", "email"}, "invalid_scope"},
		"no scope":                       {[]string{"scope", "-"}, "invalid_scope"},
		"no person":                      {[]string{"login_hint", "-"}, "invalid_request"},
		"two hints":                      {[]string{"id_token_hint", foreign}, "invalid_request"},
		"a login_hint_token":             {[]string{"login_hint", "-", "login_hint_token", "e30"}, "invalid_request"},
		"another client's ID token":      {[]string{"login_hint", "-", "id_token_hint", foreign}, "invalid_request"},
		"no ID token":                    {[]string{"login_hint", "-", "id_token_hint", "x.y.z"}, "invalid_request"},
		"a long message":                 {[]string{"binding_message", strings.Repeat("m", 65)}, "invalid_binding_message"},
		"a message that turns round":     {[]string{"binding_message", "a\u202eb"}, "invalid_binding_message"},
		"no token to call with":          {[]string{"client_notification_token", "-"}, "invalid_request"},
		"a token that is easily guessed": {[]string{"client_notification_token", "short"}, "invalid_request"},
		"an expiry that is no number":    {[]string{"requested_expiry", "soon"}, "invalid_request"},
		"an expiry of nothing":           {[]string{"requested_expiry", "0"}, "invalid_request"},
		"a signed request":               {[]string{"request", "e30.e30.e30"}, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, d.asks(test.changes...), http.StatusBadRequest, test.code) })
	}
	form := url.Values{"scope": {"openid"}, "login_hint": {"alice"}}
	refused(t, d.post("/oauth/bc-authorize", form, d.asApp), http.StatusBadRequest, "unauthorized_client")
	refused(t, d.post("/oauth/bc-authorize", form), http.StatusUnauthorized, "invalid_client")
	form.Set("client_id", "spa")
	refused(t, d.post("/oauth/bc-authorize", form), http.StatusBadRequest, "unauthorized_client")
}
