package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/idp/client"
)

// An API sees by introspection how and when the person of a token proved who they are. It
// asks for more by the challenge of RFC 9470, whose acr_values and max_age the application
// hands on, and gets it.
func TestAnAPIAsksForMoreAndThePhoneIsAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Pixel", "")
		a := w.application(client.New{ID: "shop", Name: "Shop", SecondFactor: client.FactorOff})
		b := w.browser()
		v := w.visit(b, a)
		v.press("login-submit", "done", "username", username, "password", passphrase)
		token, _, _ := v.tokens(v.code())
		first := w.proofOf(t, token)
		if first.ACR != "urn:nod:acr:password" {
			t.Fatalf("with the password: got %+v", first)
		}

		w.skip(10 * time.Minute)
		challenge := []oauth2.AuthCodeOption{oauth2.SetAuthURLParam("acr_values", "urn:nod:acr:mfa"), oauth2.SetAuthURLParam("max_age", "300")}
		v = w.visit(b, a, challenge...)
		v.want("login") // the session is older than the API wants
		v.password()
		number := v.ask()
		if _, err := p.Approve(t.Context(), w.only(p), number, ""); err != nil {
			t.Fatal(err)
		}
		v.reload("approved")
		v.press("passcode-submit", "done")
		token, _, claims := v.tokens(v.code())
		then := w.proofOf(t, token)
		if then.ACR != "urn:nod:acr:mfa" || claims["acr"] != "urn:nod:acr:mfa" || then.AuthTime < first.AuthTime+600 {
			t.Errorf("after the challenge: got %+v, before %+v", then, first)
		}

		v = w.visit(b, a, challenge...) // what the API wants is there now
		v.answer(v.page.URL)
	})
}

// proof is what introspection tells of a token (RFC 9470, section 6.2).
type proof struct {
	ACR      string `json:"acr"`
	AuthTime int64  `json:"auth_time"`
}

// proofOf asks as an API does, which is an application of its own.
func (w *world) proofOf(t *testing.T, token *oauth2.Token) (p proof) {
	t.Helper()
	body := w.form(t, "/oauth/introspect", url.Values{"token": {token.AccessToken}}, http.StatusOK)
	if err := json.Unmarshal([]byte(body[strings.IndexByte(body, '{'):]), &p); err != nil {
		t.Fatal(err)
	}
	return p
}
