package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/mfa/throttle"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// withTelevision adds a public client that may begin pairings.
func withTelevision(w *world) *world {
	s := w.surface
	s.Pairings = &pairing.Pairings{DB: w.db, Box: s.Box, Epoch: w.tokens.Epoch, Tokens: w.tokens, Guesses: &throttle.Guesses{DB: w.db, Now: w.clock}, Now: w.clock}
	s.PairURL = w.url + "/link"
	_, _, err := w.clients.Add(w.t.Context(), client.New{ID: "tv", AuthMethod: client.AuthNone, IDTokenAlg: client.ES256,
		Grants: []client.Grant{client.DeviceCode, client.RefreshToken}})
	must(w.t, err)
	return w
}

func (w *world) asTV(more ...string) url.Values {
	form := url.Values{"client_id": {"tv"}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// TestATelevisionIsSignedIn is RFC 8628, sections 3.1 to 3.5, over HTTP.
func TestATelevisionIsSignedIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := withTelevision(newWorld(t, d))
		got := w.post("/oauth/device_authorization", w.asTV("scope", "openid email unknown offline_access"))
		begun := got.json(t)
		user, _ := begun["user_code"].(string)
		if got.StatusCode != http.StatusOK || got.Header.Get("Cache-Control") != "no-store" || begun["expires_in"] != 600.0 || begun["interval"] != 5.0 ||
			begun["verification_uri"] != w.url+"/link" || begun["verification_uri_complete"] != w.url+"/link?user_code="+user || len(user) != 9 {
			t.Fatalf("got %d %s", got.StatusCode, got.body)
		}
		poll := w.asTV("grant_type", deviceGrant, "device_code", begun["device_code"].(string))
		refused(t, w.post("/oauth/token", poll), http.StatusBadRequest, "authorization_pending")
		refused(t, w.post("/oauth/token", poll), http.StatusBadRequest, "slow_down")
		id, err := w.surface.Pairings.Enter(t.Context(), user, "192.0.2.1")
		must(t, err)
		must(t, w.surface.Pairings.Allow(t.Context(), id, w.session))
		got = w.post("/oauth/token", poll)
		held := got.json(t)
		if got.StatusCode != http.StatusOK || held["token_type"] != "Bearer" || held["scope"] != "openid email offline_access" || held["refresh_token"] == nil || held["id_token"] == nil {
			t.Fatalf("got %d %s", got.StatusCode, got.body)
		}
		info := w.bearer("/oauth/userinfo", held["access_token"].(string)).json(t)
		if info["sub"] != w.alice.ID || info["email"] != "alice@example.org" {
			t.Errorf("got %v", info)
		}
		again := w.post("/oauth/token", w.asTV("grant_type", "refresh_token", "refresh_token", held["refresh_token"].(string)))
		if again.StatusCode != http.StatusOK {
			t.Errorf("got %d %s", again.StatusCode, again.body)
		}
		refused(t, w.post("/oauth/token", poll), http.StatusBadRequest, "invalid_grant")
	})
}

func TestEachRefusalOfThePairingHasItsName(t *testing.T) {
	w := withTelevision(on(t))
	begin := func() (poll url.Values, id string) {
		begun := w.post("/oauth/device_authorization", w.asTV("scope", "openid")).json(t)
		id, err := w.surface.Pairings.Enter(t.Context(), begun["user_code"].(string), "192.0.2.1")
		must(t, err)
		return w.asTV("grant_type", deviceGrant, "device_code", begun["device_code"].(string)), id
	}
	denied, id := begin()
	must(t, w.surface.Pairings.Deny(t.Context(), id, w.session))
	refused(t, w.post("/oauth/token", denied), http.StatusBadRequest, "access_denied")
	late, _ := begin()
	w.pass(10 * time.Minute)
	refused(t, w.post("/oauth/token", late), http.StatusBadRequest, "expired_token")

	unknown := w.asTV("grant_type", deviceGrant, "device_code", "ndc_x")
	refused(t, w.post("/oauth/token", unknown), http.StatusBadRequest, "invalid_grant")
	refused(t, w.post("/oauth/token", w.asTV("grant_type", deviceGrant)), http.StatusBadRequest, "invalid_request")
	refused(t, w.post("/oauth/device_authorization", w.asTV("scope", "a\"b")), http.StatusBadRequest, "invalid_scope")
	refused(t, w.post("/oauth/device_authorization", url.Values{"client_id": {"spa"}}), http.StatusBadRequest, "unauthorized_client")
	refused(t, w.post("/oauth/device_authorization", url.Values{}), http.StatusUnauthorized, "invalid_client")
	refused(t, w.post("/oauth/device_authorization", url.Values{}, w.asApp), http.StatusBadRequest, "unauthorized_client")
	late.Set("client_id", "spa")
	refused(t, w.post("/oauth/token", late), http.StatusBadRequest, "unauthorized_client")
	if log := w.log.String(); strings.Contains(log, denied.Get("device_code")) {
		t.Error("the log holds a device code")
	}
}
