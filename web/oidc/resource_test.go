package oidc_test

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/nod-idp/nod/idp/client"
)

const api, files = "https://api.example", "https://files.example"

func TestATokenIsForTheResourcesThatWereNamed(t *testing.T) {
	w := on(t)
	w.change("app", func(c *client.Client) { c.Resources = []string{api, files} })
	q := ask()
	q["resource"] = []string{api, files}
	_, answer := w.get("/authorize", q).location(t)
	form := exchange(answer.Get("code"))
	form.Set("resource", "https://elsewhere.example")
	refused(t, w.post("/oauth/token", form, w.asApp), http.StatusBadRequest, "invalid_target")
	form.Set("resource", api)
	got := w.post("/oauth/token", form, w.asApp)
	if got.StatusCode != http.StatusOK {
		t.Fatalf("got %d %s", got.StatusCode, got.body)
	}
	first := got.json(t)
	if told := w.introspected(text(first["access_token"])); told["aud"] != api {
		t.Errorf("aud: got %v", told["aud"])
	}
	refresh := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {text(first["refresh_token"])}, "resource": {api, files}}
	second := w.post("/oauth/token", refresh, w.asApp).json(t)
	if aud, _ := w.introspected(text(second["access_token"]))["aud"].([]any); !slices.Equal(aud, []any{api, files}) {
		t.Errorf("aud of two: got %v", aud)
	}
	own := w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "resource": {files}}, w.asApp).json(t)
	if told := w.introspected(text(own["access_token"])); told["aud"] != files {
		t.Errorf("aud of the client's own: got %v", told["aud"])
	}
	refused(t, w.post("/oauth/token", url.Values{"grant_type": {"client_credentials"}, "resource": {"https://elsewhere.example"}}, w.asApp),
		http.StatusBadRequest, "invalid_target")
}

func TestAResourceThatIsNotRegisteredIsRefusedAtTheStart(t *testing.T) {
	w := on(t)
	_, q := w.get("/authorize", ask("resource", api)).location(t)
	if q.Get("error") != "invalid_target" {
		t.Errorf("got %v", q)
	}
}

func TestAJWTAccessTokenWorksLikeAnOpaqueOne(t *testing.T) {
	w := on(t)
	w.change("app", func(c *client.Client) { c.AccessTokens = client.JWTTokens })
	issued := w.signedIn()
	access, id := text(issued["access_token"]), text(issued["id_token"])
	if got := w.bearer("/oauth/userinfo", access); got.StatusCode != http.StatusOK || got.json(t)["sub"] != w.alice.ID {
		t.Errorf("userinfo: got %d %s", got.StatusCode, got.body)
	}
	if told := w.introspected(access); told["active"] != true || told["aud"] != w.url {
		t.Errorf("introspection: got %v", told)
	}
	refused(t, w.bearer("/oauth/userinfo", id), http.StatusUnauthorized, "invalid_token")
	if told := w.introspected(id); told["active"] != false {
		t.Errorf("introspection of an ID token: got %v", told)
	}
	_, q := w.get("/authorize", ask("id_token_hint", access)).location(t)
	if q.Get("error") != "invalid_request" {
		t.Errorf("an access token as id_token_hint: got %v", q)
	}
	w.post("/oauth/revoke", url.Values{"token": {access}}, w.asApp)
	refused(t, w.bearer("/oauth/userinfo", access), http.StatusUnauthorized, "invalid_token")
}
