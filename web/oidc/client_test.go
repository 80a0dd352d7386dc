package oidc_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	relying "github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// TestAStandardClientLibraryNeedsIssuerIDAndSecret walks the whole way with go-oidc
// and x/oauth2.
func TestAStandardClientLibraryNeedsIssuerIDAndSecret(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		ctx := context.WithValue(t.Context(), oauth2.HTTPClient, w.browser)
		provider, err := relying.NewProvider(ctx, w.url)
		must(t, err)
		for _, app := range []oauth2.Config{
			{ClientID: "app", ClientSecret: w.secret},
			{ClientID: "poster", ClientSecret: w.posted}, // registered for client_secret_post, which the library finds out
			{ClientID: "spa"},
		} {
			t.Run(app.ClientID, func(t *testing.T) {
				app.Endpoint, app.RedirectURL = provider.Endpoint(), redirect
				app.Scopes = []string{relying.ScopeOpenID, "email", relying.ScopeOfflineAccess}
				proof := oauth2.GenerateVerifier()
				resp, err := w.browser.Get(app.AuthCodeURL("state-1", relying.Nonce("nonce-1"), oauth2.S256ChallengeOption(proof)))
				must(t, err)
				defer resp.Body.Close()
				to, q := answered{Response: resp}.location(t)
				if resp.StatusCode != http.StatusSeeOther || to != redirect || q.Get("state") != "state-1" || q.Get("iss") != w.url {
					t.Fatalf("got %d to %s with %v", resp.StatusCode, to, q)
				}
				held, err := app.Exchange(ctx, q.Get("code"), oauth2.VerifierOption(proof))
				must(t, err)
				check := func(held *oauth2.Token, nonce string) {
					t.Helper()
					raw, _ := held.Extra("id_token").(string)
					id, err := provider.Verifier(&relying.Config{ClientID: app.ClientID}).Verify(ctx, raw)
					must(t, err)
					must(t, id.VerifyAccessToken(held.AccessToken))
					var claims struct{ ACR, SID string }
					must(t, id.Claims(&claims))
					if id.Nonce != nonce || id.Subject != w.alice.ID || claims.ACR != "urn:nod:acr:mfa" || claims.SID != w.session.SID {
						t.Errorf("got %+v %+v", id, claims)
					}
					info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(held))
					must(t, err)
					if info.Subject != w.alice.ID || info.Email != "alice@example.org" || info.Profile != "" {
						t.Errorf("got %+v", info)
					}
				}
				check(held, "nonce-1")
				again, err := app.TokenSource(ctx, &oauth2.Token{RefreshToken: held.RefreshToken}).Token()
				must(t, err)
				if again.RefreshToken == held.RefreshToken || again.AccessToken == held.AccessToken {
					t.Error("nothing was rotated")
				}
				check(again, "")
			})
		}
	})
}

func TestAClientActsForItself(t *testing.T) {
	w := on(t)
	got := w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}}, w.asApp)
	held := got.json(t)
	if got.StatusCode != http.StatusOK || held["id_token"] != nil || held["refresh_token"] != nil || held["token_type"] != "Bearer" {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	told := w.post("/oauth/introspect", url.Values{"token": {held["access_token"].(string)}}, w.asApp).json(t)
	if told["active"] != true || told["sub"] != "app" || told["client_id"] != "app" || told["acr"] != nil {
		t.Errorf("got %v", told)
	}
	if got := w.bearer("/oauth/userinfo", held["access_token"].(string)); got.StatusCode != http.StatusForbidden {
		t.Errorf("userinfo about nobody: got %d %s", got.StatusCode, got.body)
	}
}

// bearer asks userinfo with a token in the header.
func (w *world) bearer(path, held string) answered {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	must(w.t, err)
	r.Header.Set("Authorization", "Bearer "+held)
	return w.send(r)
}
