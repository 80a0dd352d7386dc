package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db"
)

// otherwise signs in again by a passcode that the phone shows, the only way that a page
// about a report offers, and follows to where that leads back to.
func (v *visit) otherwise(p *simulator.Phone) {
	v.t.Helper()
	v.password()
	if v.page.Has("use-mobile") {
		v.t.Error("push is offered where a report is at stake")
	}
	v.press("use-passcode", "method")
	v.skip(31 * time.Second)
	if _, err := p.Requests(v.t.Context()); err != nil { // it learns what time it is
		v.t.Fatal(err)
	}
	code, err := p.TypedPasscode()
	if err != nil {
		v.t.Fatal(err)
	}
	v.press("passcode-submit", "done", "passcode", code)
	v.follow()
}

// "The password alone … never ends a report": the thief's browser, and every other that
// nobody knows, is kept out and cannot tell; the person who is still signed in lifts it.
func TestAReportKeepsStrangersOutUntilItsPersonLiftsIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		mine := w.entered("/account/", p, "")
		w.skip(50 * time.Minute)
		mine.open("/account/activity", "activity")
		w.s.Sessions.Wait()
		w.skip(15 * time.Minute)

		thief := w.visit(w.browser(), w.app).password()
		thief.ask()
		if err := p.Report(t.Context(), w.only(p)); err != nil {
			t.Fatal(err)
		}
		thief.reload("reported")
		if !strings.Contains(w.log.String(), "a sign-in was reported by its person") {
			t.Error("the log has no warning")
		}

		right, wrong := w.visit(w.browser(), w.app), w.visit(w.browser(), w.app)
		right.press("login-submit", "login", "username", username, "password", passphrase)
		wrong.press("login-submit", "login", "username", username, "password", "something else")
		if a, b := right.page, wrong.page; a.Status != b.Status || len(a.Body) != len(b.Body) || !a.Has("login-error") {
			t.Errorf("the right password: %d, %d bytes; a wrong one: %d, %d bytes", a.Status, len(a.Body), b.Status, len(b.Body))
		}

		mine.open("/account/devices", "devices")
		if !mine.page.Has("reports") || !mine.page.Has("change-password") {
			t.Errorf("the list of devices says nothing of it\n%s", mine.page.Body)
		}
		mine.open("/account/reports", "reports")
		var id string
		if err := w.s.DB.Get(t.Context(), &id, "SELECT id FROM reports"); err != nil {
			t.Fatal(err)
		}
		mine.press("lift-"+id, "login") // not without another factor
		mine.otherwise(p)
		mine.want("reports")
		mine.press("lift-"+id, "reports")
		if mine.page.Has("lift-"+id) || !mine.page.Has("change-password") {
			t.Errorf("lifted: got\n%s", mine.page.Body)
		}
		w.visit(w.browser(), w.app).password()

		mine.open("/account/password", "password")
		mine.press("password-change", "changed", "new-password", "quite another passphrase 47")
		mine.at(mine.b, "/account/").want("devices")
		if frozen, err := w.s.Logins.PasswordFrozen(t.Context(), w.user.ID); err != nil || frozen {
			t.Errorf("the new password: got frozen %v, %v", frozen, err)
		}
	})
}

func TestTheAdministratorForgetsAReport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		thief := w.visit(w.browser(), w.app).password()
		thief.ask()
		if err := p.Report(t.Context(), w.only(p)); err != nil {
			t.Fatal(err)
		}
		w.visit(w.browser(), w.app).press("login-submit", "login", "username", username, "password", passphrase)
		err := w.s.DB.Write(t.Context(), func(tx *db.Tx) error { return idp.UnlockReportsTx(tx, w.user.ID, w.s.Options.Now()) })
		if err != nil {
			t.Fatal(err)
		}
		w.visit(w.browser(), w.app).password()
	})
}

func TestThePageSaysThatAPhoneIsLeftAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.user, "phone", "")
		v := w.entered("/account/devices/"+p.ID(), p, "")
		v.want("device")
		v.press("snooze-1h", "device")
		if !v.page.Has("snooze-end") {
			t.Errorf("got\n%s", v.page.Body)
		}
		w.skip(11 * time.Second)
		asking := w.visit(w.browser(), w.app).password()
		if !asking.page.Has("quiet") || asking.page.Has("use-mobile") || !asking.page.Has("use-passcode") {
			t.Errorf("got\n%s", asking.page.Body)
		}
		v.press("snooze-end", "device")
		asking.reload("method")
		if asking.page.Has("quiet") || !asking.page.Has("use-mobile") {
			t.Errorf("asked again: got\n%s", asking.page.Body)
		}
	})
}
