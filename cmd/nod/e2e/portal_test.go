package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/formbrowser"
	"github.com/nod-idp/nod/mfa"
)

// at opens one of the person's own pages, wherever that leads.
func (w *world) at(b *formbrowser.Browser, path string) *visit {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), w.issuer+path)
	if err != nil {
		w.t.Fatal(err)
	}
	return &visit{world: w, b: b, page: page}
}

// open goes on to another page in the same browser.
func (v *visit) open(path, state string) {
	v.t.Helper()
	v.page = v.at(v.b, path).page
	v.want(state)
}

// entered opens a page of the person's own and proves everything, with a phone that
// may have a PIN.
func (w *world) entered(path string, p *simulator.Phone, pin string) *visit {
	w.t.Helper()
	v := w.at(w.browser(), path)
	v.again(p, pin)
	return v
}

// again signs in once more, after the page asked for it, and follows to where the login
// leads back to.
func (v *visit) again(p *simulator.Phone, pin string) {
	v.t.Helper()
	v.skip(11 * time.Second) // so that the phone may be asked
	v.password()
	v.approve(p, v.ask(), pin)
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.follow()
}

func TestAPersonAddsADeviceAndManagesIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := w.phone(w.user, "Old phone", "")
		v := w.entered("/account/", first, "")
		v.want("devices")

		v.open("/account/devices/add", "add")
		v.press("add-start", "link")
		link := v.page.Value("link-url")
		w.hide(link, link[strings.Index(link, "#")+1:])
		if !v.page.Has("qr-code") || !strings.HasPrefix(link, w.issuer+"/app/enrol#nol_") {
			t.Fatalf("got link %q\n%s", link, v.page.Body)
		}
		v.reload("link")
		if v.page.Value("link-url") != link {
			t.Error("shown again it is another link")
		}
		page := v.page.URL.Path
		if strings.Contains(v.page.URL.String(), "nol_") {
			t.Errorf("the secret stands in the address %s", v.page.URL)
		}
		second, err := simulator.Enroll(t.Context(), link, simulator.Options{Name: "Alice's Pixel"})
		if err != nil || second.Status() != protocol.EnrolStateConfirm {
			t.Fatalf("enrol: %v, %v", second, err)
		}
		v.reload("consent")
		if !containsText(v.page.Body, second.Fingerprint()) {
			t.Errorf("the question lacks %s", second.Fingerprint())
		}
		v.press("confirm-device", "account")
		v.open(page, "added")
		if _, err := second.Requests(t.Context()); err != nil {
			t.Errorf("the confirmed phone: %v", err)
		}
		w.told(first, "device_added Alice's Pixel")
		w.told(second)

		manage := "/account/devices/" + second.ID()
		v.open(manage, "device")
		v.press("rename", "device", "name", "Pixel 9")
		if !containsText(v.page.Body, "Pixel 9") {
			t.Error("it was not renamed")
		}
		v.press("rename", "device", "name", "\u202e")
		if !v.page.Has("name-error") {
			t.Error("a name that cannot be seen was taken")
		}
		v.press("push-set", "device")
		if got := v.page.Text("push-badge"); got != "Push off" {
			t.Errorf("got %q, want push off", got)
		}
		v.press("push-set", "device")
		v.open(manage+"?suspend", "end")
		if v.page.Has("last-device") {
			t.Error("there is another device")
		}
		v.press("end-device", "device")
		if _, err := second.Requests(t.Context()); err == nil {
			t.Error("a suspended phone was answered")
		}
		v.press("resume", "device")
		if _, err := second.Requests(t.Context()); err != nil {
			t.Errorf("the resumed phone: %v", err)
		}
		v.open(manage+"?remove", "end")
		v.press("end-device", "devices")
		if containsText(v.page.Body, "Pixel 9") {
			t.Error("the removed device is still listed")
		}
		if n := w.count("SELECT count(*) FROM browsers"); n != 0 {
			t.Errorf("got %d known browsers after the removal, want none", n)
		}
		v.open("/account/devices/"+first.ID()+"?remove", "end")
		if !v.page.Has("last-device") {
			t.Error("nothing warns that it is the last device")
		}
		v.press("end-device", "bare")
		v.open("/account/devices/add", "bare")

		for _, want := range []string{"device.enrolled", "device.renamed", "device.push.set", "device.suspended", "device.resumed", "device.removed"} {
			if w.audited(want, "ok") == 0 {
				t.Errorf("the journal lacks %s", want)
			}
		}
	})
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	if err := w.s.DB.Get(w.t.Context(), &n, query, args...); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// "A password alone never gains a device", never loses one, and a factor is changed by
// one of equal strength only.
func TestWhoeverProvedTooLittleChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		plain, pinned := w.phone(w.user, "terminal", ""), w.phone(w.user, "phone", "4711")
		// A session with the password alone: from the page that confirms.
		alone := w.at(w.browser(), "/account/confirm")
		alone.press("login-submit", "done", "username", username, "password", passphrase)
		alone.follow()
		alone.want("nothing")
		for _, path := range []string{
			"/account/devices", "/account/devices/add", "/account/devices/" + plain.ID(), "/account/activity", "/account/sessions", "/account/password",
		} {
			alone.open(path, "login")
		}
		for _, path := range []string{
			"/account/devices/" + plain.ID() + "/remove", "/account/devices/" + plain.ID() + "/suspend", "/account/devices/" + plain.ID() + "/push",
			"/account/devices/add", "/account/password", "/account/sessions/others/end",
		} {
			if got := alone.post(path, map[string]string{"form_token": "x"}); got != 303 {
				t.Errorf("%s with the password alone: got %d, want it to lead to the sign-in", path, got)
			}
		}
		if n := w.audited("device.removed", "ok") + w.audited("device.suspended", "ok") + w.audited("user.password.set", "ok"); n != 0 {
			t.Errorf("the password alone changed %d things", n)
		}
		// One with a plain approval: it reads, and is asked for the PIN to change anything.
		weak := w.entered("/account/devices", plain, "")
		weak.want("devices")
		weak.open("/account/devices/"+pinned.ID()+"?remove", "end")
		weak.press("end-device", "login")
		weak.password()
		if !weak.page.Has("use-mobile") || weak.page.Has("use-passcode") || containsText(weak.page.Body, "terminal") {
			t.Errorf("asked for another way than the phone with its PIN\n%s", weak.page.Body)
		}
		for _, path := range []string{"/account/devices/add", "/account/password"} {
			weak.open(path, "login")
		}
		// One with the PIN changes, for five minutes.
		full := w.entered("/account/devices/"+plain.ID()+"?remove", pinned, "4711")
		full.want("device")
		full.open("/account/devices/"+plain.ID()+"?remove", "end")
		w.skip(5*time.Minute + time.Second)
		full.press("end-device", "login")
		full.again(pinned, "4711")
		full.want("device")
		full.open("/account/devices/"+plain.ID()+"?remove", "end")
		full.press("end-device", "devices")
		if w.audited("device.removed", "ok") != 1 {
			t.Error("want one removal")
		}
	})
}

func TestAnotherPersonsThingsAreNotThere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mine := w.phone(w.user, "phone", "")
		bob := w.person("bob")
		theirs := w.phone(bob, "Bob's phone", "")
		v := w.entered("/account/devices/"+mine.ID(), mine, "")
		v.want("device")
		token := v.page.Value("name") // any page of ours
		if token == "" {
			t.Fatal("no form")
		}
		link, err := w.s.Devices.Link(t.Context(), linkFor(bob.ID))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"/account/devices/" + theirs.ID(), "/account/devices/" + theirs.ID() + "?remove", "/account/devices/dev_nobody",
			"/account/devices/add/" + link.ID, "/account/devices/add/" + link.ID + "/stream", "/account/devices/add/enr_nothing",
		} {
			if got := v.at(v.b, path).page.Status; got != 404 {
				t.Errorf("%s: got %d, want 404", path, got)
			}
		}
		sessions := w.enteredAs("bob", theirs)
		other := w.onlySession(bob.ID)
		for path, fields := range map[string]string{
			"/account/devices/" + theirs.ID() + "/rename": "rename", "/account/sessions/" + other + "/end": "end",
		} {
			// A form of one's own, sent to somebody else's thing: its token is for another purpose.
			if res := v.post(path, map[string]string{"form_token": "x", "name": "mine", fields: "1"}); res != 403 {
				t.Errorf("%s: got %d, want 403", path, res)
			}
		}
		sessions.open("/account/sessions", "sessions")
	})
}

func TestSessionsEndAndApplicationsAreDisconnected(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		// An application is signed in to elsewhere, and stays connected.
		elsewhere := w.visit(w.browser(), w.app).password()
		elsewhere.finish(p, elsewhere.ask())
		v := w.entered("/account/sessions", p, "")
		v.want("sessions")
		for _, want := range []string{"Firefox on Linux", "This browser", "1 application", "Contoso Mail"} {
			if !containsText(v.page.Body, want) {
				t.Errorf("the page lacks %q\n%s", want, v.page.Body)
			}
		}
		v.press("disconnect-mail", "sessions")
		if containsText(v.page.Body, "Contoso Mail") {
			t.Error("the application is still connected")
		}
		var other string
		for _, s := range w.openSessions(w.user.ID) {
			if v.page.Has("end-" + s) {
				other = s
			}
		}
		v.press("end-"+other, "sessions")
		if got := w.openSessions(w.user.ID); len(got) != 1 {
			t.Errorf("got sessions %v, want one", got)
		}
		third := w.entered("/account/devices", p, "")
		v.reload("sessions")
		v.press("end-others", "sessions")
		third.open("/account/devices", "login")
		v.reload("sessions")
	})
}

func TestAPasswordIsChanged(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const next = "an even longer and quieter phrase"
		w.hide(next)
		p := w.phone(w.user, "phone", "")
		other := w.entered("/account/devices", p, "")
		v := w.entered("/account/password", p, "")
		v.want("password")
		for _, bad := range []string{"short", "alice alice alice example", "aaaaaaaaaaaaaaaaaaaaaaa"} {
			v.press("password-change", "password", "new-password", bad)
			if !v.page.Has("password-error") {
				t.Errorf("%q was taken", bad)
			}
		}
		v.press("password-change", "changed", "new-password", next)
		w.told(p, "password_changed ")
		other.open("/account/devices", "login")
		v.open("/account/devices", "devices")
		fresh := w.at(w.browser(), "/account/devices")
		fresh.press("login-submit", "login", "username", username, "password", passphrase)
		fresh.press("login-submit", "method", "username", username, "password", next)
	})
}

func TestActivityTellsWhatHappened(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "Alice's phone", "")
		v := w.at(w.browser(), "/account/activity")
		v.press("login-submit", "login", "username", username, "password", "something else altogether")
		v.again(p, "")
		v.want("activity")
		for _, want := range []string{"Signed in to your account, approved on Alice", "Wrong password", "was added", "127.0.0.1", "Firefox on Linux"} {
			if !containsText(v.page.Body, want) {
				t.Errorf("the page lacks %q\n%s", want, v.page.Body)
			}
		}
		for range 60 {
			if err := w.s.Devices.Rename(t.Context(), w.user.ID, p.ID(), "phone"); err != nil {
				t.Fatal(err)
			}
		}
		v.reload("activity")
		if strings.Count(v.page.Body, "<li ") < 50 || containsText(v.page.Body, "Wrong password") {
			t.Errorf("want fifty events on the first page\n%s", v.page.Body)
		}
		v.openLink("older", "activity")
		if !containsText(v.page.Body, "Wrong password") || v.page.Has("older") {
			t.Errorf("want the rest on the second page\n%s", v.page.Body)
		}
	})
}

func TestTheFirstDeviceIsSetUpWherePolicySaysSo(t *testing.T) {
	w := startWith(t, server.Options{Place: config.Place{}, Policy: mfa.Policy{WithoutDevice: mfa.WithoutDeviceEnrol}})
	v := w.visit(w.browser(), w.app)
	v.press("login-submit", "method", "username", username, "password", passphrase)
	if !containsText(v.page.Body, "/account/devices/add") {
		t.Fatalf("nothing offers to set up a phone\n%s", v.page.Body)
	}
	v.open("/account/devices/add", "login")
	v.press("login-submit", "done", "username", username, "password", passphrase)
	v.follow()
	v.want("add")
	v.press("add-start", "link")
	link := v.page.Value("link-url")
	w.hide(link, link[strings.Index(link, "#")+1:])
	if _, err := simulator.Enroll(t.Context(), link, simulator.Options{Name: "first"}); err != nil {
		t.Fatal(err)
	}
	v.reload("consent")
	v.press("confirm-device", "account")
	v.open("/account/devices/add", "login")
}
