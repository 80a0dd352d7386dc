package e2e

import (
	"testing"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

func TestAScreenIsSignedInInChromium(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Alice’s Pixel", "")
	tv := w.television(client.FactorPushNumber)
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	d.open("/link", "link")
	d.tab.Type("#user-code", "bbbb bbbb")
	d.press("link-continue")
	d.tab.Until(`document.getElementById("code-error")`)
	d.look("link")
	d.open("/link?user_code="+tv.user, "link")
	d.press("link-continue")
	d.signIn(p, "")
	d.look("link-question")
	d.press("device-allow")
	d.look("link-allowed")
	tv.polls("")
	d.open("/link/denied", "link-denied")
	d.open("/link/over", "link-over")
	for _, m := range d.tab.Problems() {
		t.Errorf("a page complained: %s %s", m.Kind, m.Text)
	}
}
