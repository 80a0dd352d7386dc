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
	again := oauth2.SetAuthURLParam("prompt", "login")

	v := d.authorize(a, again)
	w.approve(p, d.asks(), "")
	d.claims(v) // by itself

	d.authorize(a, again)
	d.asks()
	d.tab.Until(`document.querySelector("[data-offline]").hidden`)
	w.stop()
	d.tab.Until(`!document.querySelector("[data-offline]").hidden`)
	d.look("pending")
}
