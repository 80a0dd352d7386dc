package oidc_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestUserInfoTellsWhatTheScopesAllow(t *testing.T) {
	w := on(t)
	for scope, want := range map[string]map[string]any{
		"openid":               {"sub": w.alice.ID, "name": nil, "email": nil},
		"openid email":         {"sub": w.alice.ID, "name": nil, "email": "alice@example.org", "email_verified": false},
		"openid profile phone": {"sub": w.alice.ID, "name": "Alice Ärmel", "email": nil, "preferred_username": "alice", "phone_number": nil},
	} {
		held := w.signedIn("scope", scope)["access_token"].(string)
		got := w.bearer("/oauth/userinfo", held)
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/json" {
			t.Fatalf("got %d %s", got.StatusCode, got.body)
		}
		told := got.json(t)
		for name, value := range want {
			if told[name] != value {
				t.Errorf("%s: %s: got %v, want %v", scope, name, told[name], value)
			}
		}
	}
}

func TestWhereAnAccessTokenMayStand(t *testing.T) {
	w := on(t)
	held := w.signedIn()["access_token"].(string)
	inHeader := header("Authorization", "Bearer "+held)
	bare := func(r *http.Request) { r.Header.Del("Content-Type"); r.Body, r.ContentLength = http.NoBody, 0 }
	for name, test := range map[string]struct {
		got    answered
		status int
		code   string
	}{
		"in the header of a GET":               {w.bearer("/oauth/userinfo", held), 200, ""},
		"in the header of a POST":              {w.post("/oauth/userinfo", nil, inHeader), 200, ""},
		"in the header of a POST without body": {w.post("/oauth/userinfo", nil, inHeader, bare), 200, ""},
		"in the body of a POST":                {w.post("/oauth/userinfo", url.Values{"access_token": {held}}), 200, ""},
		"under a scheme in another case":       {w.post("/oauth/userinfo", nil, header("Authorization", "bearer "+held)), 200, ""},
		"in the address":                       {w.get("/oauth/userinfo", url.Values{"access_token": {held}}), 400, "invalid_request"},
		"in the address of a POST":             {w.post("/oauth/userinfo?access_token="+held, nil), 400, "invalid_request"},
		"in the address as well":               {w.bearer("/oauth/userinfo?access_token="+held, held), 400, "invalid_request"},
		"in header and body":                   {w.post("/oauth/userinfo", url.Values{"access_token": {held}}, inHeader), 400, "invalid_request"},
		"in the body twice":                    {w.post("/oauth/userinfo", url.Values{"access_token": {held, held}}), 400, "invalid_request"},
		"under another scheme":                 {w.post("/oauth/userinfo", nil, header("Authorization", "DPoP "+held)), 401, "invalid_token"},
		"in a cookie":                          {w.post("/oauth/userinfo", nil, header("Cookie", "access_token="+held)), 401, "invalid_token"},
		"a scheme without a token":             {w.post("/oauth/userinfo", nil, header("Authorization", "Bearer")), 400, "invalid_request"},
		"a token cut short":                    {w.bearer("/oauth/userinfo", held[:len(held)-1]), 401, "invalid_token"},
		"a token in another case":              {w.bearer("/oauth/userinfo", strings.ToUpper(held)), 401, "invalid_token"},
		"a token with something behind it":     {w.bearer("/oauth/userinfo", held+", x"), 401, "invalid_token"},
		"a body that is not a form":            {w.post("/oauth/userinfo", nil, inHeader, header("Content-Type", "text/plain")), 415, "invalid_request"},
		"nowhere":                              {w.post("/oauth/userinfo", nil), 401, "invalid_token"},
	} {
		if test.code != "" {
			refused(t, test.got, test.status, test.code)
		} else if test.got.StatusCode != test.status || test.got.json(t)["sub"] != w.alice.ID {
			t.Errorf("%s: got %d %s", name, test.got.StatusCode, test.got.body)
		}
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

func TestAPersonWhoIsDisabledIsToldAboutNoMore(t *testing.T) {
	w := on(t)
	held := w.signedIn()["access_token"].(string)
	must(t, w.users.Disable(t.Context(), w.alice.ID))
	refused(t, w.bearer("/oauth/userinfo", held), http.StatusUnauthorized, "invalid_token")
}
