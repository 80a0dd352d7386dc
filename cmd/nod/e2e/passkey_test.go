package e2e

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// relying is an application that a real browser can come back to.
func (w *world) relying(id string) app {
	w.t.Helper()
	back := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		_, _ = rw.Write([]byte(`<!doctype html><html lang="en"><title>Back</title><link rel="icon" href="data:,"><p id="back">Back</p></html>`))
	}))
	w.t.Cleanup(back.Close)
	a := w.app
	c, secret, err := w.s.Clients.Add(w.t.Context(), client.New{ID: id, Name: "Contoso " + id, RedirectURIs: []string{back.URL + "/callback"}, FirstParty: true})
	if err != nil {
		w.t.Fatal(err)
	}
	w.hide(secret)
	a.ClientID, a.ClientSecret, a.RedirectURL = c.ID, secret, back.URL+"/callback"
	a.verifier = a.provider.Verifier(&oidc.Config{ClientID: c.ID, SupportedSigningAlgs: []string{"RS256", "ES256", "EdDSA"}})
	return a
}

// authorize opens an authorization request in the browser.
func (d *desk) authorize(a app, extra ...oauth2.AuthCodeOption) *visit {
	d.t.Helper()
	v := &visit{world: d.world, app: a, state: "state", nonce: "nonce", verifier: oauth2.GenerateVerifier()}
	options := append([]oauth2.AuthCodeOption{oidc.Nonce(v.nonce), oauth2.S256ChallengeOption(v.verifier)}, extra...)
	d.tab.Open(a.AuthCodeURL(v.state, options...))
	return v
}

// claims waits until the browser is back at the application, and returns what its ID
// token says.
func (d *desk) claims(v *visit) map[string]any {
	d.t.Helper()
	d.tab.Until(`document.getElementById("back")`)
	u, err := url.Parse(d.tab.Address())
	if err != nil {
		d.t.Fatal(err)
	}
	_, _, claims := v.tokens(u.Query().Get("code"))
	return claims
}

func (d *desk) wantClaims(v *visit, amr ...string) {
	d.t.Helper()
	claims := d.claims(v)
	var got []string
	for _, m := range claims["amr"].([]any) {
		got = append(got, m.(string))
	}
	if claims["acr"] != "phr" || !slices.Equal(got, amr) {
		d.t.Errorf("got acr %v and amr %v, want phr and %v", claims["acr"], got, amr)
	}
}

// without runs a script before every page, so that the browser lacks something.
func (d *desk) without(script string) (restore func()) {
	d.t.Helper()
	added, err := chromedp.Call(d.tab.Context(), page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		d.t.Fatal(err)
	}
	return func() {
		_, err := chromedp.Call(d.tab.Context(), page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added))
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// nothingSuggested keeps the authenticator of the test, which answers by itself, from
// picking the passkey among the suggestions.
const nothingSuggested = `PublicKeyCredential.isConditionalMediationAvailable = async () => false`

func TestAPasskeyInChromium(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Alice’s Pixel", "4711")
	a := w.relying("portal")
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	authenticator := d.tab.Authenticator(chromium.PRFNone)

	// It is made at the portal, after everything was proved.
	suggest := d.without(nothingSuggested)
	d.tab.Open(w.issuer + "/account/passkeys/add")
	d.signIn(p, "4711")
	d.look("addpasskey")
	authenticator.Recognise(false)
	d.press("passkey-make")
	d.tab.Until(`!document.querySelector("[data-passkey-failed]").hidden`)
	authenticator.Recognise(true)
	d.tab.Eval(`(document.getElementById("passkey-name").value = "Alice’s laptop")`, nil)
	d.press("passkey-make")
	d.look("account")
	if keys := authenticator.Credentials(); len(keys) != 1 || !keys[0].IsResidentCredential {
		t.Fatalf("the authenticator holds %+v, want one resident key", keys)
	}
	w.told(p, "passkey_added Alice’s laptop")
	d.open("/account/passkeys/add", "addpasskey")
	d.press("passkey-make")
	d.tab.Until(`!document.querySelector("[data-passkey-held]").hidden`)
	d.open("/account/devices", "devices")
	d.press("add-passkey")
	d.look("addpasskey")
	d.open("/account/devices", "devices")
	d.tab.Eval(`document.querySelector("a[href^='/account/passkeys/pky_']").click()`, nil)
	d.look("passkey")

	// By the button, without a password.
	v := d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"))
	d.look("login")
	d.press("use-passkey")
	d.wantClaims(v, "mfa", "pop", "swk", "user")

	// A person who is not recognised gets nowhere, and can go on in another way.
	d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"))
	d.tab.Until(`document.getElementById("use-passkey")`)
	authenticator.Recognise(false)
	d.press("use-passkey")
	d.tab.Until(`!document.querySelector("[data-passkey-failed]").hidden`)
	d.look("login")
	authenticator.Recognise(true)

	// As second factor, where nothing else would do.
	v = d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("acr_values", "phr"))
	d.tab.Until(`document.getElementById("login-submit")`)
	d.tab.Eval(`(document.getElementById("username").value = "`+username+`", document.getElementById("password").value = "`+passphrase+`")`, nil)
	d.press("login-submit")
	d.look("method")
	var others bool
	if d.tab.Eval(`document.getElementById("use-mobile") !== null || document.getElementById("use-passcode") !== null`, &others); others {
		t.Error("something else is offered where only a passkey does")
	}
	d.press("use-passkey")
	d.wantClaims(v, "mfa", "pop", "pwd", "swk", "user")

	// Among the suggestions: this authenticator picks it at once.
	suggest()
	v = d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"))
	d.wantClaims(v, "mfa", "pop", "swk", "user")

	// A browser that knows no passkeys is offered none.
	restore := d.without(`delete globalThis.PublicKeyCredential`)
	d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"))
	d.look("login")
	var hidden bool
	if d.tab.Eval(`document.querySelector("[data-passkey]").hidden`, &hidden); !hidden {
		t.Error("a button is shown that cannot work")
	}
	restore()

	// Removed, it opens nothing more.
	stop := d.without(nothingSuggested)
	d.tab.Open(w.issuer + "/account/devices")
	d.tab.Until(`document.querySelector("a[href^='/account/passkeys/pky_']")`)
	d.tab.Eval(`location.assign(document.querySelector("a[href^='/account/passkeys/pky_']").href + "?remove")`, nil)
	d.look("endpasskey")
	d.press("end-passkey")
	d.look("devices")
	w.skip(time.Second)
	d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"))
	d.tab.Until(`document.getElementById("use-passkey")`)
	d.press("use-passkey")
	d.tab.Until(`document.getElementById("passkey-error")`)
	d.look("login")
	stop()
	for _, problem := range d.tab.Problems() {
		t.Errorf("the console says %v", problem)
	}
	if n := w.audited("passkey.used", "refused"); n != 1 {
		t.Errorf("got %d refused passkeys in the journal, want 1", n)
	}
}
