package e2e

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/token"
)

// shows is what an authenticator app with this secret shows at the server's time.
func (w *world) shows(secret string) string {
	w.t.Helper()
	raw, err := token.ParseSecret(secret)
	if err != nil {
		w.t.Fatal(err)
	}
	code, err := otp.TOTP{Hash: otp.SHA1}.Code(raw, time.Now().Add(time.Duration(w.ahead.Load())))
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// addApp sets up an authenticator app, from the page that explains it, and returns the
// secret.
func (v *visit) addApp(name string) string {
	v.t.Helper()
	v.want("addtoken")
	v.press("token-start", "newtoken", "token-name", name)
	secret := v.page.Text("token-secret")
	v.hide(secret, strings.ReplaceAll(secret, " ", ""))
	if !v.page.Has("qr-code") || len(secret) != 39 {
		v.t.Fatalf("got secret %q\n%s", secret, v.page.Body)
	}
	v.press("token-prove", "account", "passcode", v.shows(secret))
	return secret
}

var paper = regexp.MustCompile(`<li>([0-9A-Z]{5}-[0-9A-Z]{5})</li>`)

// codes are the recovery codes that the page shows.
func (v *visit) codes() (codes []string) {
	v.t.Helper()
	v.want("codes")
	for _, m := range paper.FindAllStringSubmatch(v.page.Body, -1) {
		codes = append(codes, m[1])
	}
	if len(codes) != 10 {
		v.t.Fatalf("got %d codes\n%s", len(codes), v.page.Body)
	}
	v.hide(codes...)
	return codes
}

func TestAnAuthenticatorAppIsAddedAndSignsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.entered("/account/tokens/add", p, "")
		v.want("addtoken")
		v.press("token-start", "addtoken", "token-name", "\u202e")
		if !v.page.Has("name-error") {
			t.Error("a name that cannot be seen was taken")
		}
		v.press("token-start", "newtoken", "token-name", "Given up")
		given := v.page.URL.Path
		v.hide(v.page.Text("token-secret"))
		v.open("/account/tokens/add", "addtoken")
		v.press("token-start", "newtoken", "token-name", "My app")
		page, secret := v.page.URL.Path, v.page.Text("token-secret")
		v.press("token-prove", "newtoken", "passcode", "000000")
		if !v.page.Has("passcode-error") || v.page.Text("token-secret") != secret {
			t.Errorf("want the same secret, and to be told\n%s", v.page.Body)
		}
		v.open("/account/tokens/add", "addtoken")
		secret = v.addApp("My app")
		w.told(p, "token_added My app")
		for _, gone := range []string{given, page} {
			if got := v.at(v.b, gone).page.Status; got != 404 {
				t.Errorf("%s: got %d, want 404", gone, got)
			}
		}
		if strings.Contains(v.at(v.b, "/account/devices").page.Body, strings.ReplaceAll(secret, " ", "")) {
			t.Error("the secret is shown again")
		}

		in := w.visit(w.browser(), w.app).password()
		in.press("use-passcode", "method")
		in.press("passcode-submit", "method", "passcode", w.shows(secret)) // that of the set-up
		if !in.page.Has("passcode-error") {
			t.Error("the passcode of the set-up was taken again")
		}
		w.skip(30 * time.Second)
		code := w.shows(secret)
		in.press("passcode-submit", "done", "passcode", code[:3]+" "+code[3:])
		_, _, claims := in.tokens(in.code())
		if amr, _ := claims["amr"].([]any); !slices.Contains(amr, any("otp")) || !slices.Contains(amr, any("mfa")) {
			t.Errorf("got amr %v", claims["amr"])
		}
		again := w.visit(w.browser(), w.app).password()
		again.press("use-passcode", "method")
		again.press("passcode-submit", "method", "passcode", code)
		if !again.page.Has("passcode-error") {
			t.Error("a passcode was taken twice")
		}

		var id string
		if err := w.s.DB.Get(t.Context(), &id, "SELECT id FROM otp_tokens WHERE state = 'active'"); err != nil {
			t.Fatal(err)
		}
		v.open("/account/tokens/"+id, "token")
		v.press("rename", "token", "name", "\u202e")
		if !v.page.Has("name-error") {
			t.Error("a name that cannot be seen was taken")
		}
		v.press("rename", "token", "name", "Other app")
		v.open("/account/activity", "activity")
		for _, want := range []string{"My app was added", "renamed to Other app", "Wrong passcode"} {
			if !containsText(v.page.Body, want) {
				t.Errorf("the activity lacks %q", want)
			}
		}
		v.open("/account/tokens/"+id+"?remove", "endtoken")
		v.press("end-token", "devices")
		if containsText(v.page.Body, "Other app") || w.audited("token.removed", "ok") != 1 {
			t.Error("it was not removed")
		}
		w.told(p, "token_added My app", "token_removed Other app")
	})
}

// "A password alone never gains a device", nor any other factor.
func TestWhoeverProvedTooLittleGainsNoCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		plain := w.phone(w.user, "terminal", "")
		alone := w.at(w.browser(), "/account/confirm")
		alone.press("login-submit", "done", "username", username, "password", passphrase)
		alone.follow()
		for _, path := range []string{"/account/tokens/add", "/account/recovery"} {
			alone.open(path, "login")
			if got := alone.post(path, map[string]string{"form_token": "x"}); got != 303 {
				t.Errorf("%s with the password alone: got %d, want it to lead to the sign-in", path, got)
			}
		}
		w.phone(w.user, "phone", "4711")
		weak := w.entered("/account/devices", plain, "")
		weak.want("devices")
		weak.open("/account/tokens/add", "login")
		weak.open("/account/recovery", "recovery") // to look at, not to make
		weak.press("recovery-make", "login")
		bob := w.person("bob")
		theirs := w.phone(bob, "Bob's phone", "")
		other := w.enteredAs("bob", theirs)
		other.open("/account/tokens/add", "addtoken")
		other.addApp("Bob's app")
		var id string
		if err := w.s.DB.Get(t.Context(), &id, "SELECT id FROM otp_tokens WHERE user_id = $1", bob.ID); err != nil {
			t.Fatal(err)
		}
		for path, want := range map[string]int{"/account/tokens/" + id: 404, "/account/tokens/" + id + "?remove": 404, "/account/tokens/tok_nothing": 404} {
			if got := weak.at(weak.b, path).page.Status; got != want {
				t.Errorf("%s: got %d, want %d", path, got, want)
			}
		}
		if got := weak.post("/account/tokens/"+id+"/rename", map[string]string{"form_token": "x", "name": "mine"}); got != 403 {
			t.Errorf("another person's token: got %d, want 403", got)
		}
		if n := w.audited("recovery.made", "ok") + w.audited("token.removed", "ok") + w.audited("token.renamed", "ok"); n != 0 {
			t.Errorf("%d things were changed", n)
		}
	})
}

func TestARecoveryCodeSignsInOnceAndEndsEverythingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "4711")
		v := w.entered("/account/recovery", p, "4711")
		v.want("recovery")
		drawn := v.page
		v.press("recovery-make", "codes")
		codes := v.codes()
		w.told(p, "recovery_codes_made ")
		// Sent again, by a reload, the form makes no other set.
		v.page = drawn
		v.press("recovery-make", "recovery")
		if got := v.page.Text("recovery-left"); got != "10" {
			t.Errorf("got %q codes left", got)
		}

		lost := w.visit(w.browser(), w.app).password()
		lost.press("use-recovery", "method")
		lost.press("recovery-submit", "method", "recovery-code", "AAAAA-AAAAA")
		if !lost.page.Has("recovery-error") {
			t.Errorf("nothing says that it was wrong\n%s", lost.page.Body)
		}
		lost.press("use-other", "method")
		lost.press("use-recovery", "method")
		typed := " " + strings.ToLower(strings.ReplaceAll(codes[0], "-", " ")) + " "
		lost.press("recovery-submit", "done", "recovery-code", strings.ReplaceAll(typed, "0", "o"))
		_, _, claims := lost.tokens(lost.code())
		if amr, _ := claims["amr"].([]any); !slices.Contains(amr, any("otp")) || slices.Contains(amr, any("pin")) {
			t.Errorf("got amr %v", claims["amr"])
		}
		w.told(p, "recovery_codes_made ", "recovery_code_used ")
		v.open("/account/devices", "login")
		if got := w.openSessions(w.user.ID); len(got) != 1 {
			t.Errorf("got sessions %v, want the new one alone", got)
		}
		again := w.visit(w.browser(), w.app).password()
		again.press("use-recovery", "method")
		again.press("recovery-submit", "method", "recovery-code", codes[0])
		if !again.page.Has("recovery-error") {
			t.Error("a code was taken twice")
		}

		// Whoever recovered may replace what was lost, for five minutes.
		lost.open("/account/devices", "devices")
		if !lost.page.Has("recovered") || !containsText(lost.page.Body, "9 codes are left") {
			t.Errorf("nothing asks to enrol again\n%s", lost.page.Body)
		}
		lost.open("/account/devices/"+p.ID()+"?suspend", "end")
		lost.press("end-device", "device")
		lost.open("/account/devices/add", "add")
		w.skip(5*time.Minute + time.Second)
		lost.open("/account/devices/add", "login")
	})
}

func TestWhoHasAnAppIsNeverFinishedByThePasswordAlone(t *testing.T) {
	w := startWith(t, server.Options{Place: config.Place{}, Policy: mfa.Policy{WithoutDevice: mfa.WithoutDeviceEnrol}})
	v := w.at(w.browser(), "/account/tokens/add")
	v.press("login-submit", "done", "username", username, "password", passphrase)
	v.follow()
	v.want("addtoken")
	v.open("/account/recovery", "bare")
	if got := v.post("/account/recovery", map[string]string{"form_token": "x"}); got != 200 || w.audited("recovery.made", "ok") != 0 {
		t.Errorf("recovery codes with the password alone: got %d", got)
	}
	v.open("/account/tokens/add", "addtoken")
	late := w.at(w.browser(), "/account/tokens/add")
	late.press("login-submit", "done", "username", username, "password", passphrase)
	late.follow()
	late.press("token-start", "newtoken", "token-name", "Thief's app")
	secret := v.addApp("My app")
	late.press("token-prove", "login", "passcode", w.shows(late.page.Text("token-secret")))
	v.open("/account/devices", "login")
	v.press("login-submit", "method", "username", username, "password", passphrase)
	if v.page.Has("use-mobile") {
		t.Error("offered a phone that is not there")
	}
	v.press("use-passcode", "method")
	w.skip(30 * time.Second)
	v.press("passcode-submit", "done", "passcode", w.shows(secret))
	v.follow()
	v.want("devices")
	v.open("/account/devices/add", "add")
	v.open("/account/password", "password")
}
