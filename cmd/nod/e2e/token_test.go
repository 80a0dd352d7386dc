package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/idp/client"
)

// signedIn takes a visit through the whole login.
func (w *world) signedIn(t *testing.T) (*visit, *oauth2.Token) {
	t.Helper()
	p := w.phone(w.user, "phone", "")
	v := w.visit(w.browser(), w.app).password()
	w.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	token, _, _ := v.tokens(v.code())
	return v, token
}

func TestACodeWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app).password()
		w.approve(p, v.ask(), "")
		v.reload("approved")
		v.press("passcode-submit", "done")
		code := v.code()
		token, _, _ := v.tokens(code)
		if _, err := v.app.Exchange(t.Context(), code, oauth2.VerifierOption(v.verifier)); !isOAuth(err, "invalid_grant") {
			t.Errorf("the second time: got %v, want invalid_grant", err)
		}
		// "redeemed once; a second redemption revokes everything from that grant"
		if status := w.userinfo(t, token.AccessToken); status != http.StatusUnauthorized {
			t.Errorf("the access token afterwards: got %d, want 401", status)
		}
		if _, err := w.refresh(t, token.RefreshToken); !isOAuth(err, "invalid_grant") {
			t.Errorf("the refresh token afterwards: got %v, want invalid_grant", err)
		}
	})
}

func TestRefreshTokensRotateAndReuseEndsTheFamily(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, first := w.signedIn(t)
		second, err := w.refresh(t, first.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		// A lost answer: within 30 s the parent gives the same successor again.
		again, err := w.refresh(t, first.RefreshToken)
		if err != nil || again.RefreshToken != second.RefreshToken {
			t.Fatalf("a lost answer: got %v, %v, want the same successor", again, err)
		}
		third, err := w.refresh(t, second.RefreshToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.refresh(t, first.RefreshToken); !isOAuth(err, "invalid_grant") {
			t.Errorf("reuse: got %v, want invalid_grant", err)
		}
		if _, err := w.refresh(t, third.RefreshToken); !isOAuth(err, "invalid_grant") {
			t.Errorf("the family afterwards: got %v, want invalid_grant", err)
		}
	})
}

func TestADisabledPersonGetsNothingMore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, token := w.signedIn(t)
		if err := w.s.Users.Disable(t.Context(), w.user.ID); err != nil {
			t.Fatal(err)
		}
		if status := w.userinfo(t, token.AccessToken); status != http.StatusUnauthorized {
			t.Errorf("userinfo: got %d, want 401", status)
		}
		if _, err := w.refresh(t, token.RefreshToken); !isOAuth(err, "invalid_grant") {
			t.Errorf("refresh: got %v, want invalid_grant", err)
		}
		w.visit(v.b, w.app).want("login")
	})
}

func TestRevocationIsSeenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, token := w.signedIn(t)
		if status := w.userinfo(t, token.AccessToken); status != http.StatusOK {
			t.Fatalf("before: got %d", status)
		}
		w.form(t, "/oauth/revoke", url.Values{"token": {token.AccessToken}}, http.StatusOK)
		if status := w.userinfo(t, token.AccessToken); status != http.StatusUnauthorized {
			t.Errorf("after: got %d, want 401", status)
		}
		if body := w.form(t, "/oauth/introspect", url.Values{"token": {token.AccessToken}}, http.StatusOK); !strings.Contains(body, `"active":false`) {
			t.Errorf("introspection: got %s", body)
		}
		if body := w.form(t, "/oauth/introspect", url.Values{"token": {token.RefreshToken}}, http.StatusOK); !strings.Contains(body, `"active":true`) {
			t.Errorf("introspection of the refresh token: got %s", body)
		}
		w.form(t, "/oauth/revoke", url.Values{"token": {token.RefreshToken}}, http.StatusOK)
		if _, err := w.refresh(t, token.RefreshToken); !isOAuth(err, "invalid_grant") {
			t.Errorf("refresh: got %v, want invalid_grant", err)
		}
	})
}

func TestSigningOutAtTheApplicationSignsOutHere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, token := w.signedIn(t)
		hint, _ := token.Extra("id_token").(string)
		page, err := v.b.Get(t.Context(), w.issuer+"/logout?"+url.Values{
			"id_token_hint": {hint}, "post_logout_redirect_uri": {"http://127.0.0.1:9/"}, "state": {"bye"},
		}.Encode())
		if err != nil {
			t.Fatal(err)
		}
		if page.State == "done" {
			if page, err = v.b.Follow(t.Context(), page); err != nil {
				t.Fatal(err)
			}
		}
		if got := page.URL.String(); got != "http://127.0.0.1:9/?state=bye" {
			t.Errorf("got to %s", got)
		}
		w.visit(v.b, w.app).want("login")
	})
}

func TestSigningOutWithoutAHintAsksFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, _ := w.signedIn(t)
		var err error
		if v.page, err = v.b.Get(t.Context(), w.issuer+"/logout"); err != nil {
			t.Fatal(err)
		}
		if !v.page.Has("logout-confirm") {
			t.Fatalf("got state %q without logout-confirm\n%s", v.page.State, v.page.Body)
		}
		again := w.visit(v.b, w.app)
		if !strings.HasPrefix(again.page.URL.String(), callback) {
			t.Errorf("the question alone signed out: got to %s", again.page.URL)
		}
		v.press("logout-confirm", "done")
		w.visit(v.b, w.app).want("login")
	})
}

func TestAClientByItsOwnCredentials(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.application(client.New{ID: "robot", Name: "Robot", Grants: []client.Grant{client.ClientCredentials}})
		body := w.formAs(t, a, "/oauth/token", url.Values{"grant_type": {"client_credentials"}}, http.StatusOK)
		if !strings.Contains(body, `"access_token"`) || strings.Contains(body, "refresh_token") || strings.Contains(body, "id_token") {
			t.Errorf("got %s", body)
		}
	})
}

func TestOtherSigningAlgorithms(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		b := w.browser()
		for i, alg := range []client.IDTokenAlg{client.ES256, client.EdDSA} {
			a := w.application(client.New{ID: "app-" + strings.ToLower(string(alg)), IDTokenAlg: alg})
			v := w.visit(b, a)
			if i == 0 {
				v.password()
				w.approve(p, v.ask(), "")
				v.reload("approved")
				v.press("passcode-submit", "done")
				v.tokens(v.code())
				continue
			}
			v.tokens(v.answer(v.page.URL).Get("code"))
		}
	})
}

func TestPromptAndMaxAge(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, _ := w.signedIn(t)
		w.visit(v.b, w.app, oauth2.SetAuthURLParam("prompt", "login")).want("login")
		w.visit(v.b, w.app, oauth2.SetAuthURLParam("prompt", "login consent")).want("login")
		w.visit(v.b, w.app, oauth2.SetAuthURLParam("max_age", "0")).want("login")
		silent := w.visit(v.b, w.app, oauth2.SetAuthURLParam("prompt", "none"))
		if silent.answer(silent.page.URL).Get("code") == "" {
			t.Errorf("prompt=none with a session: got %s", silent.page.URL)
		}
		w.skip(2 * time.Minute)
		w.visit(v.b, w.app, oauth2.SetAuthURLParam("max_age", "60")).want("login")
		stranger := w.visit(w.browser(), w.app, oauth2.SetAuthURLParam("prompt", "none"))
		if got := stranger.answer(stranger.page.URL).Get("error"); got != "login_required" {
			t.Errorf("prompt=none without a session: got %q", got)
		}
	})
}

func TestTheFormPostResponseMode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.visit(w.browser(), w.app, oauth2.SetAuthURLParam("response_mode", "form_post")).password()
		w.approve(p, v.ask(), "")
		v.reload("approved")
		v.press("passcode-submit", "done")
		end, err := v.b.Press(t.Context(), v.page, "continue", nil)
		if err != nil {
			t.Fatal(err)
		}
		fields, err := url.ParseQuery(end.Body)
		if err != nil || fields.Get("state") != v.state || fields.Get("iss") != w.issuer {
			t.Fatalf("got %v, %v", fields, err)
		}
		v.tokens(fields.Get("code"))
	})
}

func TestFiftyLoginsNeverAnsweredSendThreePrompts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.user, "phone", "")
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				b := w.browser()
				page, err := b.Get(t.Context(), w.app.AuthCodeURL("s", oidc.Nonce("n"), oauth2.S256ChallengeOption(oauth2.GenerateVerifier())))
				if err == nil {
					page, err = b.Press(t.Context(), page, "login-submit", map[string]string{"username": username, "password": passphrase})
				}
				for page != nil && err == nil && page.Status == http.StatusServiceUnavailable { // the hashing queue is full
					time.Sleep(100 * time.Millisecond)
					if page, err = b.Get(t.Context(), page.URL.String()); err == nil && page.State == "login" {
						page, err = b.Press(t.Context(), page, "login-submit", map[string]string{"username": username, "password": passphrase})
					}
				}
				if err == nil && page.Has("use-mobile") {
					_, err = b.Press(t.Context(), page, "use-mobile", nil)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for range 9 {
			w.skip(time.Minute)
			v := w.visit(w.browser(), w.app).password()
			if v.page.Has("use-mobile") {
				if _, err := v.b.Press(t.Context(), v.page, "use-mobile", nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := w.audited("challenge.created", "ok"); n < 1 || n > 3 {
			t.Errorf("got %d notifications in ten minutes, want at most 3", n)
		}
	})
}

func (w *world) userinfo(t *testing.T, token string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.issuer+"/oauth/userinfo", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}

func (w *world) refresh(t *testing.T, token string) (*oauth2.Token, error) {
	t.Helper()
	got, err := w.app.TokenSource(t.Context(), &oauth2.Token{RefreshToken: token}).Token()
	if err == nil {
		w.hide(got.AccessToken, got.RefreshToken)
	}
	return got, err
}

func isOAuth(err error, code string) bool {
	refused, ok := err.(*oauth2.RetrieveError)
	return ok && refused.ErrorCode == code
}

func (w *world) form(t *testing.T, path string, form url.Values, want int) string {
	t.Helper()
	return w.formAs(t, w.app, path, form, want)
}

func (w *world) formAs(t *testing.T, a app, path string, form url.Values, want int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.ClientSecret))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body := new(strings.Builder)
	if err := res.Write(body); err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Errorf("POST %s: got %d, want %d\n%s", path, res.StatusCode, want, body)
	}
	return body.String()
}
