package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
)

// bobsAccount is linked to nobody.
func bobsAccount(c fake.Claims) {
	c["oid"], c["sub"], c["preferred_username"] = "951ddb04-b16d-45f3-bbf7-b0fa18fa7aff", alicesAccount.Subject, "bob@contoso.example"
}

func TestACodeSaysWhoSomebodyIsAtTheirFirstSignIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob := w.person("bob")
		p := w.phone(bob, "Bob’s phone", "")
		m := w.microsoft(func(n *entra.Tenant) { n.Enrol = true })
		code, _, err := w.s.Entra.Code(t.Context(), m.tenant, bob.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.hide(code)
		request := m.request(bobsAccount, nil)
		v := m.sent(w.browser(), request)
		v.want("identify")
		if v.page.Has("use-mobile") {
			t.Error("somebody who is nobody yet can ask a phone")
		}
		v.press("enrolment-submit", "identify", "enrolment-code", "00000-00000")
		if !v.page.Has("enrolment-error") {
			t.Error("the page does not say that the code is wrong")
		}
		v.press("enrolment-submit", "method", "enrolment-code", code)
		w.approve(p, v.ask(), "")
		v.reload("approved")
		v.press("passcode-submit", "done")
		v.satisfied(m, request)

		w.skip(time.Minute)
		again := m.request(bobsAccount, nil)
		m.sent(w.browser(), again).want("method") // from now on Microsoft's word is enough
	})
}

func TestWhoeverHasNoCodeGoesBackWithAnError(t *testing.T) {
	w := start(t, "")
	m := w.microsoft(func(n *entra.Tenant) { n.Enrol = true })
	v := m.sent(w.browser(), m.request(bobsAccount, nil))
	v.press("cancel", "done")
	if answer := v.answered(m); answer.Get("error") != "access_denied" || answer.Has("id_token") {
		t.Errorf("got %v", answer)
	}
}

func TestAPersonWhoIsDisabledWhileEntraWaitsDoesNotGetThrough(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Pixel", "")
	m := w.microsoft(nil)
	v := m.sent(w.browser(), m.request(nil, nil))
	w.approve(p, v.ask(), "")
	v.reload("approved")
	if err := w.s.Users.Disable(t.Context(), w.user.ID); err != nil {
		t.Fatal(err)
	}
	page, err := v.b.Press(t.Context(), v.page, "passcode-submit", nil)
	if err != nil || page.State == "done" {
		t.Errorf("got %q, %v", page.State, err)
	}
}

func TestATenantThatWasRemovedIsNotAnswered(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Pixel", "")
	m := w.microsoft(nil)
	v := m.sent(w.browser(), m.request(nil, nil))
	w.approve(p, v.ask(), "")
	v.reload("approved")
	if err := w.s.Entra.Remove(t.Context(), m.tenant.ID); err != nil {
		t.Fatal(err)
	}
	v.press("passcode-submit", "error")
}

func TestAFirstDeviceFitsIntoTheSignInThatACodeOpened(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		bob := w.person("bob")
		m := w.microsoft(func(n *entra.Tenant) { n.Enrol = true })
		code, _, err := w.s.Entra.Code(t.Context(), m.tenant, bob.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		w.hide(code)
		request := m.request(bobsAccount, nil)
		v := m.sent(w.browser(), request)
		v.press("enrolment-submit", "method", "enrolment-code", code)
		v.turn("/enrol/", "add")
		v.press("add-start", "link")
		link := v.page.Value("link-url")
		w.hide(link)
		phone, err := simulator.Enroll(t.Context(), link, simulator.Options{Name: "Bob’s phone"})
		if err != nil {
			t.Fatal(err)
		}
		v.reload("consent")
		if !strings.Contains(v.page.Body, phone.Fingerprint()) {
			t.Errorf("the page does not show %s", phone.Fingerprint())
		}
		v.press("confirm-device", "method")
		if err := phone.AwaitConfirmation(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.approve(phone, v.ask(), "")
		v.reload("approved")
		v.press("passcode-submit", "done")
		v.satisfied(m, request)
	})
}

// turn opens a page of Entra's surface about this login, and wants the state.
func (v *visit) turn(page, state string) {
	v.t.Helper()
	tenants, err := v.s.Entra.List(v.t.Context())
	if err != nil {
		v.t.Fatal(err)
	}
	id := v.page.URL.Path[strings.LastIndexByte(v.page.URL.Path, '/')+1:]
	if v.page, err = v.b.Get(v.t.Context(), tenants[0].Issuer(v.issuer)+page+id); err != nil {
		v.t.Fatal(err)
	}
	v.want(state)
}

func TestNobodyElseAddsADeviceInASignInOfEntras(t *testing.T) {
	w := start(t, "")
	bob := w.person("bob")
	m := w.microsoft(func(n *entra.Tenant) { n.Enrol = true })
	v := m.sent(w.browser(), m.request(nil, nil)) // alice is linked, and has nothing; no code introduced her
	v.want("method")
	v.turn("/enrol/", "method")
	code, _, err := w.s.Entra.Code(t.Context(), m.tenant, bob.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	v = m.sent(w.browser(), m.request(bobsAccount, nil))
	v.press("enrolment-submit", "method", "enrolment-code", code)
	v.turn("/enrol/", "add")
	w.phone(bob, "Bob’s phone", "") // by the administrator, meanwhile
	v.press("add-start", "method")
	if w.audited("device.link.made", "ok") != 1 {
		t.Error("a second link was made")
	}
}
