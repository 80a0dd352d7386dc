package e2e

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/mail/mailtest"
)

func TestALinkFillsInItsCodeInChromium(t *testing.T) {
	post := mailtest.Start(t, mailtest.Options{})
	at, err := mail.ParseServer(post.URL())
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{world: startWith(t, server.Options{Mail: &mail.Sender{Server: at, From: "id@contoso.example"}}), tab: chromium.StartWithoutPush(t).Tab()}
	d.open("/help", "trouble")
	d.tab.Type("#account", username)
	d.press("send-reset")
	d.look("sent")
	link := mailedCode.FindStringSubmatch(post.Next().Text)
	if link == nil {
		t.Fatal("the mail holds no link")
	}
	d.hide(link[2], newPassphrase)
	d.open("/reset?wrong", "reset-code")
	d.tab.Open(link[0])
	d.look("reset-code")
	d.tab.Until(`document.getElementById("reset-code").value.startsWith("nrc_")`)
	if address := d.tab.Address(); strings.Contains(address, "#") {
		t.Errorf("the code is still in the address: %.20s…", address)
	}
	var sent bool
	if d.tab.Eval(`document.querySelector("main").dataset.state !== "reset-code"`, &sent); sent {
		t.Error("the form was sent by itself")
	}
	d.press("reset-open")
	d.look("reset-password")
	d.tab.Type("#new-password", newPassphrase)
	d.press("reset-save")
	d.look("reset-done")
	for _, m := range d.tab.Problems() {
		t.Errorf("a page complained: %s %s", m.Kind, m.Text)
	}
}
