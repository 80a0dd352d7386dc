package e2e

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

func TestAppsAndRecoveryCodesInChromium(t *testing.T) {
	w := start(t, "")
	p := w.phone(w.user, "Alice’s Pixel", "4711")
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}
	d.tab.Open(w.issuer + "/account/tokens/add?name&full")
	d.signIn(p, "4711")
	d.look("addtoken")
	d.press("token-start")
	d.look("newtoken")
	var secret string
	d.tab.Eval(`document.getElementById("token-secret").textContent`, &secret)
	w.hide(secret, strings.ReplaceAll(secret, " ", ""))
	d.tab.Until(`!document.getElementById("secret-copy").hidden && /[0-9]:[0-9]/.test(document.querySelector("[data-countdown]").textContent)`)
	d.tab.Eval(`document.getElementById("passcode").value = "`+w.shows(secret)+`"`, nil)
	d.press("token-prove")
	d.look("account")
	d.open("/account/devices", "devices")
	var id string
	if err := w.s.DB.Get(t.Context(), &id, "SELECT id FROM otp_tokens WHERE state = 'active'"); err != nil {
		t.Fatal(err)
	}
	d.open("/account/tokens/"+id, "token")
	d.open("/account/tokens/"+id+"?remove", "endtoken")

	d.open("/account/recovery", "recovery")
	d.press("recovery-make")
	d.look("codes")
	// The buttons appear with the script, and what they copy is what is shown.
	d.tab.Until(`!document.querySelector("[data-keep]").hidden`)
	var code string
	d.tab.Eval(`document.querySelector("#recovery-codes li").textContent`, &code)
	w.hide(code)
	d.press("codes-save")
	d.open("/account/recovery", "recovery")

	d.tab.Open(w.issuer + "/logout")
	d.tab.Until(`document.getElementById("logout-confirm")`)
	d.press("logout-confirm")
	d.tab.Until(`document.querySelector("main[data-state=done]")`)
	d.tab.Open(w.issuer + "/account/devices")
	d.tab.Until(`document.getElementById("login-submit")`)
	d.tab.Eval(`(document.getElementById("username").value = "`+username+`", document.getElementById("password").value = "`+passphrase+`")`, nil)
	d.press("login-submit")
	d.tab.Until(`document.getElementById("use-recovery")`)
	d.press("use-recovery")
	d.tab.Until(`document.getElementById("recovery-code")`)
	d.tab.Eval(`document.getElementById("recovery-code").value = "`+code+`"`, nil)
	d.press("recovery-submit")
	d.look("devices") // by itself
	d.tab.Until(`document.getElementById("recovered")`)
}
