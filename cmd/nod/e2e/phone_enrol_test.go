package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// laptop is a browser in which alice is at her own pages.
type laptop struct{ tab }

// account signs a browser in to a page of the person's own, with a device that is there
// already.
func (p *phones) account(page tab, path string, approve func(number string)) laptop {
	p.t.Helper()
	page.Open(p.issuer + path)
	page.Type("#username", username)
	page.Type("#password", passphrase)
	page.Click("#login-submit")
	at(page, "method")
	page.Click("#use-mobile")
	approve(page.Text("#match-number"))
	page.Until(`location.pathname.startsWith("` + path + `") && document.readyState === "complete"`)
	return laptop{page}
}

// newLink is the link that the page shows beside its QR code.
func (l laptop) newLink(p *phones) string {
	p.t.Helper()
	at(l, "add")
	l.Click("#add-start")
	l.See("#qr-code")
	var link string
	l.Eval(`document.querySelector("#link-url").value`, &link)
	p.hide(link[strings.Index(link, "#")+1:])
	return link
}

func enrolsByTheCodeOfThePortal(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	old := p.phone(p.user, "Old phone", pin)
	portal := p.account(b.Elsewhere(), "/account/devices/add", func(number string) { p.approve(old, number, pin) })
	link := portal.newLink(p)

	page := b.Tab()
	page.Authenticator(chromium.PRFNone)
	page.Open(link)
	at(page, "enrol-name")
	portal.See("#qr-code") // opening it used nothing up
	page.Eval(`document.querySelector("#device-name").value = ""`, nil)
	page.Type("#device-name", "Alice's Pixel")
	page.Click("#enrol-begin")
	at(page, "enrol-credential")
	at(portal, "claimed")
	p.join(page)
	at(page, "enrol-confirm")
	at(portal, "consent")
	for selector, want := range map[string]string{".fingerprint": page.Text("#fingerprint"), "main": "Alice's Pixel"} {
		if got := portal.Text(selector); !strings.Contains(got, want) {
			t.Errorf("the browser shows %q, want %q", got, want)
		}
	}
	portal.Click("#confirm-device")
	at(page, "enrol-done")
	at(portal, "account") // "The device is yours"
	clean(t, page)
	clean(t, portal)

	portal.Open(link) // a second time, on another machine
	at(portal, "enrol-name")
	portal.Click("#enrol-begin")
	at(portal, "enrol-failed")
	portal.Until(`document.querySelector("main").dataset.reason === "used"`)
}

func secondPhoneInARace(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	old := p.phone(p.user, "Old phone", pin)
	portal := p.account(b.Elsewhere(), "/account/devices/add", func(number string) { p.approve(old, number, pin) })
	link := portal.newLink(p)
	first, second := b.Tab(), b.Elsewhere()
	for _, page := range []*chromium.Tab{first, second} {
		page.Authenticator(chromium.PRFNone)
		page.Open(link)
		at(page, "enrol-name")
	}
	first.Click("#enrol-begin")
	at(first, "enrol-credential")
	second.Click("#enrol-begin")
	at(second, "enrol-failed")
	second.Until(`document.querySelector("main").dataset.reason === "used"`)
	p.join(first)
	at(first, "enrol-confirm")
	at(portal, "consent")
	portal.Click("#refuse-device")
	at(first, "enrol-failed")
	first.Until(`document.querySelector("main").dataset.reason === "refused"`)
	all, err := p.s.Devices.List(t.Context(), p.user.ID)
	if err != nil || len(all) != 1 {
		t.Errorf("got %d devices, %v, want the old one alone", len(all), err)
	}
}

func lateLink(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	page := b.Tab()
	page.Authenticator(chromium.PRFNone)
	page.Open(p.link(p.user, ""))
	at(page, "enrol-name")
	p.skip(2 * time.Hour)
	page.Click("#enrol-begin")
	at(page, "enrol-failed")
	page.Until(`document.querySelector("main").dataset.reason === "late"`)
}

// confirmsAnAdministratorsLink needs the password and nothing else: the link is the
// other half.
func confirmsAnAdministratorsLink(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	link, err := p.s.Devices.Link(t.Context(), devices.LinkRequest{UserID: p.user.ID, Valid: devices.AdminLink, Confirm: true, MadeBy: "cli:root"})
	if err != nil {
		t.Fatal(err)
	}
	p.hide(link.Token)
	page := b.Tab()
	page.Authenticator(chromium.PRFNone)
	page.Open(link.URL)
	at(page, "enrol-name")
	page.Click("#enrol-begin")
	at(page, "enrol-credential")
	p.join(page)
	at(page, "enrol-confirm")
	elsewhere := b.Elsewhere()
	elsewhere.Open(page.Text("#confirm-url"))
	elsewhere.Type("#username", username)
	elsewhere.Type("#password", passphrase)
	elsewhere.Click("#login-submit")
	at(elsewhere, "consent")
	if got, want := elsewhere.Text(".fingerprint"), page.Text("#fingerprint"); got != want {
		t.Errorf("the browser shows %q, the phone %q", got, want)
	}
	elsewhere.Click("#confirm-device")
	at(page, "enrol-done")
	if d := p.device(p.user); d.State != devices.Active {
		t.Errorf("the device is %s", d.State)
	}
}

func goesOnAfterAReload(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	page := b.Tab()
	page.Authenticator(chromium.PRFNone)
	page.Open(p.link(p.user, devices.RuleBiometricWithPIN))
	at(page, "enrol-name")
	page.Click("#enrol-begin")
	at(page, "enrol-credential")
	page.Reload()
	at(page, "enrol-credential")
	page.Click("#credential-create")
	at(page, "enrol-pin")
	page.Reload()
	at(page, "enrol-pin")
	p.join(page)
	at(page, "enrol-done")
}

func thePersonRefusesTheSensor(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	page := b.Tab()
	finger := page.Authenticator(chromium.PRFNone)
	finger.Recognise(false)
	page.Open(p.link(p.user, ""))
	at(page, "enrol-name")
	page.Click("#enrol-begin")
	at(page, "enrol-credential")
	page.Click("#credential-create")
	page.See("#problem")
	at(page, "enrol-credential")
	finger.Recognise(true)
	p.join(page)
	at(page, "enrol-done")
}

func withoutASensor(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	page := b.Tab()
	page.WithoutAuthenticator()
	link := p.link(p.user, "")
	page.Open(link)
	at(page, "enrol-name")
	if got := page.Text("main"); !strings.Contains(got, "PIN") {
		t.Errorf("nothing is said of what is missing: %q", got)
	}
	page.Click("#enrol-begin")
	at(page, "enrol-unable")
	// Nothing was used up: another phone takes the same link.
	other := b.Elsewhere()
	other.Authenticator(chromium.PRFNone)
	p.m.permit = b.Permit
	other.Open(link)
	at(other, "enrol-name")
	other.Click("#enrol-begin")
	at(other, "enrol-credential")

	page.Open(p.link(p.user, devices.RuleBiometricOrPIN))
	at(page, "enrol-name")
	page.Click("#enrol-begin")
	at(page, "enrol-pin")
	p.join(page)
	at(page, "enrol-done")
	all, err := p.s.Devices.Active(t.Context(), p.user.ID)
	if err != nil || len(all) != 1 || all[0].Verification != protocol.VerifyPIN {
		t.Errorf("got %+v, %v, want one device with a PIN", all, err)
	}
}

// wrongOrigin is the same server by another address: the browser gives it neither the
// credential nor the keys of the right one.
func wrongOrigin(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	other := strings.Replace(a.issuer, "localhost", "127.0.0.1", 1)
	page := b.Tab()
	page.Authenticator(chromium.PRFNone)
	page.Open(strings.Replace(a.link(a.user, ""), a.issuer, other, 1))
	at(page, "enrol-name")
	page.Click("#enrol-begin")
	page.Until(`["enrol-failed", "enrol-unable"].includes(document.querySelector("main").dataset.state) || !document.querySelector("#problem").hidden`)
	if n := a.audited("device.enrolment.begun", "ok"); n != 1 {
		t.Errorf("%d enrolments were begun, want the right one alone", n)
	}
}

func theLastDeviceIsRemoved(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	portal := a.phones.account(b.Elsewhere(), "/account/devices", func(number string) {
		at(a.page, "request")
		a.page.Type("#number", number)
		a.page.Click("#approve")
		at(a.page, "approved")
		a.page.Click("#done")
	})
	portal.Click(".entry .link")
	at(portal, "device")
	portal.Click("#remove")
	portal.See("#last-device") // the warning
	portal.Click("#end-device")
	a.page.See("#account-gone")
	if got := a.audited("device.removed", "ok"); got != 1 {
		t.Errorf("removed %d times", got)
	}
	var kept bool
	a.page.Eval(`new Promise((resolve) => { const open = indexedDB.open("nod"); open.onsuccess = () => {
		const all = open.result.transaction("accounts").objectStore("accounts").getAll();
		all.onsuccess = () => resolve(all.result.some((account) => account.key || account.pushSecret)); }; })`, &kept)
	if kept {
		t.Error("the keys of a removed device are still on the phone")
	}
}
