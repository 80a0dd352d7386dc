package e2e

import (
	"testing"

	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// approvesOnThisDevice is a sign-in in the very browser that holds the authenticator.
func approvesOnThisDevice(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	a.page.Open("about:blank") // the app is not open while the person signs in
	page := b.Tab()
	a.finger.CopyTo(page)
	a.signIn(page)
	page.Click("#use-mobile")
	page.Click("#approve-here")
	at(page, "request")
	var asksForNumber bool
	page.Eval(`!document.querySelector("#number").hidden`, &asksForNumber)
	if asksForNumber {
		t.Error("the number is asked in the browser that shows it")
	}
	page.Click("#approve")
	page.Until("location.origin === '" + a.mail + "' && document.body.innerText.includes('Alice')")
	clean(t, page)
}

// anotherBrowserAsksForTheNumber opens the same link where the login's cookie is not.
func anotherBrowserAsksForTheNumber(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	laptop := b.Elsewhere()
	a.signIn(laptop)
	laptop.Click("#use-mobile")
	number := laptop.Text("#match-number")
	var offered bool
	laptop.Eval(`!document.querySelector("#approve-here").hidden`, &offered)
	if offered {
		t.Error("a browser without authenticator offers to approve on this device")
	}
	var link string
	laptop.Eval(`document.querySelector("#approve-here").href`, &link)
	at(a.page, "request")
	a.page.Open("about:blank")
	a.page.Open(link)
	at(a.page, "request")
	a.page.Click("#approve")
	a.page.See("#problem") // a number is needed
	if n := a.audited("challenge.approved", "ok"); n != 0 {
		t.Error("another browser approved without the number")
	}
	a.page.Type("#number", number)
	a.page.Click("#approve")
	laptop.Until("location.origin === '" + a.mail + "' && document.body.innerText.includes('Alice')")
}
