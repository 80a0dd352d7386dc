package e2e

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/idp/client"
)

// everything is a client that may ask for every response type.
func (w *world) everything(firstParty bool) app {
	w.t.Helper()
	a := w.application(client.New{
		ID: "hybrid", Name: "Contoso Wiki", SecondFactor: client.FactorOff, IDTokenAlg: client.ES256,
		ResponseTypes: []client.ResponseType{client.Code, client.IDToken, client.IDTokenToken, client.CodeIDToken, client.CodeToken, client.CodeIDTokenToken},
		Grants:        []client.Grant{client.AuthorizationCode, client.RefreshToken, client.Implicit},
	})
	if _, err := w.s.Clients.Set(w.t.Context(), "hybrid", func(c *client.Client) error { c.FirstParty = firstParty; return nil }); err != nil {
		w.t.Fatal(err)
	}
	return a
}

func parameter(name, value string) oauth2.AuthCodeOption { return oauth2.SetAuthURLParam(name, value) }

// arrived is what the client finds behind the # of its address.
func (v *visit) arrived() url.Values {
	v.t.Helper()
	v.want("done")
	end, err := v.b.Follow(v.t.Context(), v.page)
	if err != nil {
		v.t.Fatal(err)
	}
	q, err := url.ParseQuery(end.URL.EscapedFragment())
	if err != nil || end.URL.RawQuery != "" {
		v.t.Fatalf("got %s, %v", end.URL, err)
	}
	v.hide(q.Get("code"), q.Get("access_token"), q.Get("id_token"))
	if q.Get("state") != v.state || q.Get("iss") != v.issuer {
		v.t.Fatalf("got %v", q)
	}
	return q
}

// TestAHybridAnswerHoldsTogether: a client of other hands verifies the ID token, its
// hashes fit what came along, the code is redeemed, and loading the page again gives the
// same.
func TestAHybridAnswerHoldsTogether(t *testing.T) {
	w := start(t, "")
	v := w.visit(w.browser(), w.everything(true), parameter("response_type", "code id_token token"))
	v.press("login-submit", "done", "username", username, "password", passphrase)
	q := v.arrived()
	id, err := v.app.verifier.Verify(t.Context(), q.Get("id_token"))
	if err != nil || id.Nonce != v.nonce || id.Subject != w.user.ID {
		t.Fatalf("got %+v, %v", id, err)
	}
	if err := id.VerifyAccessToken(q.Get("access_token")); err != nil {
		t.Errorf("at_hash: %v", err)
	}
	var claims struct {
		CHash string `json:"c_hash"`
	}
	sum := sha256.Sum256([]byte(q.Get("code")))
	if err := id.Claims(&claims); err != nil || claims.CHash != base64.RawURLEncoding.EncodeToString(sum[:16]) {
		t.Errorf("c_hash: got %q, %v", claims.CHash, err)
	}
	info, err := v.app.provider.UserInfo(t.Context(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: q.Get("access_token"), TokenType: q.Get("token_type")}))
	if err != nil || info.Email != "alice@example.com" {
		t.Errorf("userinfo: got %+v, %v", info, err)
	}
	v.reload("done")
	if again := v.arrived(); again.Get("code") != q.Get("code") || again.Get("access_token") != q.Get("access_token") {
		t.Error("the page gave something else the second time")
	}
	if _, second, _ := v.tokens(q.Get("code")); second.Subject != id.Subject {
		t.Errorf("the code gave %s", second.Subject)
	}
}

// TestAnAnswerByForm: a client gets an ID token with what the scopes ask for, in a form
// that a button sends.
func TestAnAnswerByForm(t *testing.T) {
	w := start(t, "")
	v := w.visit(w.browser(), w.everything(true), parameter("response_type", "id_token"), parameter("response_mode", "form_post"))
	v.press("login-submit", "done", "username", username, "password", passphrase)
	if policy := v.page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "form-action http://127.0.0.1:9") {
		t.Errorf("got policy %s", policy)
	}
	end, err := v.b.Press(t.Context(), v.page, "continue", nil)
	if err != nil {
		t.Fatal(err)
	}
	q, err := url.ParseQuery(end.Body)
	if err != nil || end.URL.String() != callback || q.Get("state") != v.state || q.Get("iss") != v.issuer {
		t.Fatalf("got %v at %s, %v", q, end.URL, err)
	}
	v.hide(q.Get("id_token"))
	id, err := v.app.verifier.Verify(t.Context(), q.Get("id_token"))
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil || claims["email"] != "alice@example.com" || claims["given_name"] != "Alice" || claims["at_hash"] != nil {
		t.Errorf("got %v, %v", claims, err)
	}
}

// TestConsentOnAPlainForm: asked once, taken back in the person's own pages, asked again,
// and refused.
func TestConsentOnAPlainForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		a := w.everything(false)
		if _, err := w.s.Clients.Set(t.Context(), "hybrid", func(c *client.Client) error { c.SecondFactor = client.FactorPushNumber; return nil }); err != nil {
			t.Fatal(err)
		}
		b, p := w.browser(), w.phone(w.user, "Pixel", "")
		v := w.visit(b, a).password()
		passcode := w.approve(p, v.ask(), "")
		v.press("passcode-submit", "consent", "passcode", passcode)
		for _, sentence := range []string{"Contoso Wiki", "See your email address", "Stay connected while you are away"} {
			if !strings.Contains(v.page.Body, sentence) {
				t.Errorf("the page does not say %q", sentence)
			}
		}
		v.press("consent-allow", "done")
		if token, _, _ := v.tokens(v.code()); token.RefreshToken == "" {
			t.Error("no refresh token although the person agreed to one")
		}
		silent := w.visit(b, a, parameter("prompt", "none"))
		if q := silent.answer(silent.page.URL); q.Get("code") == "" {
			t.Errorf("a second time: got %v", q)
		}
		page, err := b.Get(t.Context(), w.issuer+"/account/sessions")
		if err != nil || page.State != "sessions" {
			t.Fatalf("got %+v, %v", page, err)
		}
		if page, err = b.Press(t.Context(), page, "disconnect-hybrid", nil); err != nil || strings.Contains(page.Body, "Contoso Wiki") {
			t.Fatalf("after disconnecting: got %v\n%s", err, page.Body)
		}
		refused := w.visit(b, a, parameter("prompt", "none"))
		if q := refused.answer(refused.page.URL); q.Get("error") != "consent_required" {
			t.Errorf("after disconnecting: got %v", q)
		}
		again := w.visit(b, a)
		again.want("consent")
		again.press("consent-deny", "done")
		end, err := b.Follow(t.Context(), again.page)
		if err != nil || again.answer(end.URL).Get("error") != "access_denied" {
			t.Errorf("after denying: got %v", err)
		}
	})
}

// TestAPushedRequestSignsIn: RFC 9126 from end to end, with a page that is loaded twice.
func TestAPushedRequestSignsIn(t *testing.T) {
	w := start(t, "")
	a, b := w.everything(true), w.browser()
	v := &visit{world: w, b: b, app: a, state: "pushed", nonce: "pushed", verifier: oauth2.GenerateVerifier()}
	form := url.Values{
		"response_type": {"code"}, "redirect_uri": {callback}, "scope": {"openid offline_access"}, "state": {v.state}, "nonce": {v.nonce},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(v.verifier)}, "code_challenge_method": {"S256"},
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.issuer+"/oauth/par", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(a.ClientID, a.ClientSecret)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	if err != nil || resp.StatusCode != http.StatusCreated || json.Unmarshal(body, &pushed) != nil {
		t.Fatalf("got %d %s, %v", resp.StatusCode, body, err)
	}
	address := w.issuer + "/authorize?" + url.Values{"client_id": {a.ClientID}, "request_uri": {pushed.RequestURI}}.Encode()
	first, err := b.Get(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if v.page, err = b.Get(t.Context(), address); err != nil || v.page.URL.String() != first.URL.String() {
		t.Fatalf("loaded again: got %s and %s, %v", first.URL, v.page.URL, err)
	}
	v.press("login-submit", "done", "username", username, "password", passphrase)
	v.tokens(v.code())
}
