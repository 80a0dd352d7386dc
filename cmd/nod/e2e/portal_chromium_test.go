package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/axe"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// schemes are what each page is looked at on.
var schemes = map[string]browsertest.Screen{
	"a phone":        {Width: 390, Height: 844, Mobile: true},
	"a dark desktop": {Width: 1280, Height: 900, Dark: true},
}

// desk is Chromium in front of the person's own pages.
type desk struct {
	*world
	tab   *chromium.Tab
	looks int // how many pages were looked at
}

// look checks a page for what would keep anybody from using it, on every screen. Pictures
// of every page are written to the folder that NOD_PICTURES names.
func (d *desk) look(state string) {
	d.t.Helper()
	d.tab.Until(`document.querySelector("main[data-state=` + state + `]")`)
	for name, screen := range schemes {
		d.tab.Screen(screen)
		time.Sleep(200 * time.Millisecond) // until the buttons have changed their colours
		axe.Look(d.t, d.tab, fmt.Sprintf("%02d %s, %s", d.looks, state, name))
	}
	d.looks++
}

func (d *desk) press(id string) {
	d.t.Helper()
	d.tab.Eval(`document.getElementById("`+id+`").click()`, nil)
}

func (d *desk) open(path, state string) {
	d.t.Helper()
	d.tab.Open(d.issuer + path)
	d.look(state)
}

// signIn proves everything, after a page has asked for it.
func (d *desk) signIn(p *simulator.Phone, pin string) {
	d.t.Helper()
	d.approve(p, d.asks(), pin)
}

// asks proves the password and asks the phone. It returns the number that the page shows.
func (d *desk) asks() (number string) {
	d.t.Helper()
	d.tab.Until(`document.getElementById("login-submit")`)
	d.tab.Eval(`(document.getElementById("username").value = "`+username+`", document.getElementById("password").value = "`+passphrase+`")`, nil)
	d.press("login-submit")
	d.tab.Until(`document.getElementById("use-mobile")`)
	d.press("use-mobile")
	d.tab.Until(`document.getElementById("match-number")`)
	d.tab.Eval(`document.getElementById("match-number").textContent`, &number)
	return number
}

func TestThePersonsOwnPagesInChromium(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Alice’s Pixel", "4711")
	elsewhere := w.visit(w.browser(), w.app).password()
	w.approve(p, elsewhere.ask(), "4711")
	elsewhere.reload("approved")
	elsewhere.press("passcode-submit", "done")
	elsewhere.tokens(elsewhere.code()) // so that something stays connected
	w.skip(11 * time.Second)
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}

	d.tab.Open(w.issuer + "/account/devices/add")
	d.signIn(p, "4711")
	d.look("add")
	d.press("add-start")
	d.look("link")
	var link string
	d.tab.Eval(`document.getElementById("link-url").value`, &link)
	w.hide(link)
	d.tab.Until(`!document.getElementById("link-copy").hidden && /^[0-4]:/.test(document.querySelector("[data-countdown]").textContent)`)
	tablet, err := simulator.Enroll(t.Context(), link, simulator.Options{Name: "Tablet"})
	if err != nil {
		t.Fatal(err)
	}
	d.look("consent") // by itself: the page hears of the device
	var shown string
	if d.tab.Eval(`document.querySelector(".fingerprint").textContent`, &shown); shown != tablet.Fingerprint() {
		t.Errorf("the page shows %q, the device %q", shown, tablet.Fingerprint())
	}
	d.press("confirm-device")
	d.look("account")

	d.open("/account/devices", "devices")
	d.open("/account/devices/"+p.ID(), "device")
	d.open("/account/devices/"+p.ID()+"?name", "device")
	d.open("/account/devices/"+tablet.ID()+"?suspend", "end")
	d.press("end-device")
	d.look("device")
	d.open("/account/devices/"+p.ID()+"?remove", "end")
	d.tab.Until(`document.getElementById("last-device")`)
	d.open("/account/activity", "activity")
	d.open("/account/sessions", "sessions")
	d.open("/account/password?refused=leaked", "password")
	d.press("password-show")
	d.tab.Until(`document.getElementById("new-password").type === "text"`)
	d.open("/account/password-changed", "changed")
	d.open("/account/confirm", "nothing")
	d.open("/account/devices/add", "add")
	d.press("add-start")
	d.look("link")
	d.press("withdraw")
	d.look("devices")
	d.tab.Eval("history.back()", nil)
	d.look("refused")

	d.open("/account/reports", "reports")
	w.skip(50 * time.Minute)
	d.open("/account/activity", "activity")
	w.skip(15 * time.Minute) // a report ends what began from its network within an hour
	w.visit(w.browser(), w.app).password().ask()
	if err := p.Report(t.Context(), w.only(p)); err != nil {
		t.Fatal(err)
	}
	d.open("/account/reports", "reports")
	d.tab.Until(`document.querySelector("[id^=lift-]") && document.getElementById("change-password")`)
	d.open("/account/devices", "devices")

	for _, problem := range d.tab.Problems() {
		t.Errorf("the console says %v", problem)
	}
}

func TestTheFirstDeviceWaitsForTheAdministrator(t *testing.T) {
	w := start(t, "")
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	d.tab.Open(w.issuer + "/account/")
	d.tab.Until(`document.getElementById("login-submit")`)
	d.tab.Eval(`(document.getElementById("username").value = "`+username+`", document.getElementById("password").value = "`+passphrase+`")`, nil)
	d.press("login-submit")
	d.look("bare")
	d.open("/account/confirm", "nothing")
	p := w.waiting("Alice’s phone")
	d.look("consent") // by itself: the page looks again
	d.press("refuse-device")
	d.look("account")
	if _, err := p.Requests(t.Context()); err == nil {
		t.Error("the refused phone was answered")
	}
	for _, problem := range d.tab.Problems() {
		t.Errorf("the console says %v", problem)
	}
}
