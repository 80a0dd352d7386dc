package e2e

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
)

// television is a client without a browser.
type television struct {
	*world
	device, user string
}

// television registers one and has it show a code.
func (w *world) television(factor client.SecondFactor) *television {
	w.t.Helper()
	_, _, err := w.s.Clients.Add(w.t.Context(), client.New{ID: "tv", Name: "Lumen TV", AuthMethod: client.AuthNone, IDTokenAlg: client.ES256, SecondFactor: factor,
		Grants: []client.Grant{client.DeviceCode, client.RefreshToken}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.anotherCode()
}

func (w *world) anotherCode() *television {
	w.t.Helper()
	begun := w.call("/oauth/device_authorization", url.Values{"client_id": {"tv"}, "scope": {"openid profile offline_access"}}, http.StatusOK)
	tv := &television{w, begun["device_code"].(string), begun["user_code"].(string)}
	w.hide(tv.device)
	return tv
}

// call posts a form to an endpoint that applications call.
func (w *world) call(path string, form url.Values, status int, change ...func(*http.Request)) map[string]any {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.issuer+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var told map[string]any
	if err := json.NewDecoder(res.Body).Decode(&told); err != nil || res.StatusCode != status {
		w.t.Fatalf("%s: got %d %v, want %d", path, res.StatusCode, told, status)
	}
	return told
}

// polls is one poll with what it is answered, "" for tokens.
func (tv *television) polls(want string) map[string]any {
	tv.t.Helper()
	status := http.StatusOK
	if want != "" {
		status = http.StatusBadRequest
	}
	form := url.Values{"client_id": {"tv"}, "grant_type": {string(client.DeviceCode)}, "device_code": {tv.device}}
	told := tv.call("/oauth/token", form, status)
	if want != "" && told["error"] != want {
		tv.t.Fatalf("got %v, want %s", told, want)
	}
	return told
}

// entered gets as far as the question, by way of a login.
func (tv *television) entered(p *simulator.Phone) *visit {
	tv.t.Helper()
	v := tv.at(tv.browser(), "/link")
	v.want("link")
	v.press("link-continue", "login", "user-code", tv.user)
	v.password()
	number := v.ask()
	tv.approve(p, number, "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.follow()
	v.want("link-question")
	return v
}

func TestATelevisionIsSignedInFromAPhone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Alice's phone", "")
		tv := w.television(client.FactorPushNumber)
		tv.polls("authorization_pending")
		v := tv.entered(p)
		if v.page.Text("link-code") != tv.user || !containsText(v.page.Body, "Lumen TV") {
			t.Errorf("the page does not show what is asked:\n%s", v.page.Body)
		}
		w.skip(6 * time.Second)
		tv.polls("authorization_pending")
		v.press("device-allow", "link-allowed")
		held := tv.polls("")
		id, err := w.app.provider.Verifier(&oidc.Config{ClientID: "tv", SupportedSigningAlgs: []string{"ES256"}}).Verify(t.Context(), held["id_token"].(string))
		if err != nil || id.Subject != w.user.ID {
			t.Fatalf("got %+v, %v", id, err)
		}
		var claims map[string]any
		if err := id.Claims(&claims); err != nil || claims["acr"] != "urn:nod:acr:mfa" || claims["sid"] == nil {
			t.Errorf("got %v, %v", claims, err)
		}
		w.hide(held["access_token"].(string), held["refresh_token"].(string))
		tv.polls("invalid_grant")
		if n := w.audited("pairing.allowed", "ok"); n != 1 {
			t.Errorf("got %d journal entries, want 1", n)
		}
	})
}

// A session from some minutes ago lets its browser into an application, but nobody is
// led into signing in a stranger's screen by it (RFC 8628, section 5.4).
func TestAnOlderSessionIsAskedAgainBeforeItSignsInAScreen(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Alice's phone", "")
	tv := w.television(client.FactorPushNumber)
	v := tv.entered(p)
	question := v.page.URL.Path
	v.press("device-deny", "link-denied")
	tv.polls("access_denied")
	v.open(question, "link-denied")

	w.skip(6 * time.Minute)
	second := w.anotherCode()
	v.open("/link", "link")
	v.press("link-continue", "login", "user-code", second.user)
}

func TestAPasswordAloneSignsInNoScreenThatWantsMore(t *testing.T) {
	w := start(t, "")
	w.phone(w.user, "Alice's phone", "")
	off := w.application(client.New{ID: "lenient", SecondFactor: client.FactorOff})
	b := w.browser()
	v := w.visit(b, off)
	v.press("login-submit", "done", "username", username, "password", passphrase)
	tv := w.television(client.FactorPushNumber)
	v.open("/link", "link")
	v.press("link-continue", "login", "user-code", tv.user) // the session proves too little
	v.press("login-submit", "method", "username", username, "password", passphrase)
	v.press("cancel", "error")
	tv.polls("authorization_pending")
}

func TestWrongCodesAreCountedAndTheirPageSaysSo(t *testing.T) {
	w := start(t, "")
	tv := w.television(client.FactorPush)
	v := w.at(w.browser(), "/link?user_code="+tv.user)
	if v.page.Value("user-code") != tv.user {
		t.Errorf("the address does not fill in the code: %q", v.page.Value("user-code"))
	}
	for range 5 {
		v.press("link-continue", "link", "user-code", "BBBB-BBBB")
		if !containsText(v.page.Body, "There is no such code") {
			t.Fatalf("got\n%s", v.page.Body)
		}
	}
	v.press("link-continue", "link", "user-code", tv.user)
	if !containsText(v.page.Body, "Too many codes") {
		t.Errorf("got\n%s", v.page.Body)
	}
	w.skip(2 * time.Second)
	v.press("link-continue", "login", "user-code", tv.user)
}
