package e2e

import (
	"testing"

	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// The page that waits asks by itself where streams do not work, and says so where nobody answers.
func TestThePageThatWaitsGoesOnWithoutItsStreamInChromium(t *testing.T) {
	w := startWith(t, server.Options{MaxWaitingStreams: -1})
	p := w.phone(w.user, "Alice’s Pixel", "")
	a := w.relying("pages")
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	wait := func() *visit {
		v := d.authorize(a, oauth2.SetAuthURLParam("prompt", "login"))
		d.tab.Until(`document.getElementById("login-submit")`)
		d.tab.Eval(`(document.getElementById("username").value = "`+username+`", document.getElementById("password").value = "`+passphrase+`")`, nil)
		d.press("login-submit")
		d.tab.Until(`document.getElementById("use-mobile")`)
		d.press("use-mobile")
		d.tab.Until(`document.getElementById("match-number")`)
		return v
	}

	v := wait()
	var number string
	d.tab.Eval(`document.getElementById("match-number").textContent`, &number)
	w.approve(p, number, "")
	d.claims(v) // by itself

	wait()
	d.tab.Until(`document.querySelector("[data-offline]").hidden`)
	w.stop()
	d.tab.Until(`!document.querySelector("[data-offline]").hidden`)
	d.look("pending")
}
