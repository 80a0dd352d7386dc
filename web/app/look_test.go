package app

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/axe"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// looks are the screens with everything on them, and the variants that look different.
var looks = []struct {
	name, screen string
	values       map[string]any
}{
	{"empty", "empty", map[string]any{"first": true}},
	{"empty on an iPhone", "empty", map[string]any{"first": true, "home-screen": true}},
	{"add", "empty", nil},
	{"install", "install", nil},
	{"name", "enrol-name", map[string]any{"phone": true}},
	{"name with much lacking", "enrol-name", map[string]any{"lacking": true, "lacks": "numeric", "nopush": true}},
	{"unable", "enrol-unable", map[string]any{"lacks": "sensor"}},
	{"failed", "enrol-failed", map[string]any{"reason": "key"}},
	{"credential", "enrol-credential", nil},
	{"pin", "enrol-pin", map[string]any{"second": true}},
	{"push", "enrol-push", map[string]any{"status": "Asking…"}},
	{"push blocked", "enrol-push", map[string]any{"blocked": "unreachable"}},
	{"proving", "enrol-proving", map[string]any{"stopped": true}},
	{"confirm", "enrol-confirm", map[string]any{
		"url": publicURL + "/account/confirm", "fingerprint": "T6BG-W274-B4TR-SFGD", "name": "Alice’s Pixel", "account": "alice"}},
	{"done", "enrol-done", map[string]any{"name": "Alice’s Pixel", "account": "alice", "nopush": true}},
	{"home", "home", account("delivered", "on")},
	{"home, failing", "home", account("failing", "")},
	{"home, forbidden", "home", account("denied", "off")},
	{"home, passcodes only", "home", account("forbidden", "off")},
	{"home, unasked", "home", account("default", "off")},
	{"home, suspended", "home", map[string]any{"person": "Alice Example", "account": "alice", "state": "suspended", "device": "Pixel"}},
	{"home, removed", "home", map[string]any{"person": "Alice Example", "account": "alice", "state": "gone", "device": "Pixel"}},
	{"home, unfinished", "home", map[string]any{"person": "Alice Example", "account": "alice", "state": "joining", "device": "Pixel"}},
	{"forget", "forget", map[string]any{"account": "alice", "listed": true}},
	{"request", "request", request(map[string]any{"number": true, "finger": true, "second": "finger"})},
	{"request with a PIN, unusual", "request", request(map[string]any{
		"number": true, "pin": true, "second": "pin", "newClient": true, "newNetwork": true, "newCountry": true, "away": true, "km": 412, "far": true, "status": "Sending…"})},
	{"request without a browser", "request", map[string]any{
		"client": "Contoso Bank", "account": "alice", "message": "Till 3 · 42.10 €", "alone": true, "ago": "just now", "left": "1:58", "finger": true}},
	{"request with a tap", "request", request(nil)},
	{"approved", "approved", map[string]any{"client": "Contoso Mail", "passcode": "492 817", "returning": true}},
	{"denied", "denied", map[string]any{"client": "Contoso Mail"}},
	{"reported", "reported", nil},
	{"over", "over", map[string]any{"reason": "superseded"}},
}

func account(push, badge string) map[string]any {
	return map[string]any{
		"person": "Alice Example", "account": "alice", "place": 1, "count": 2, "several": true, "state": "active", "passcode": "318 046",
		"left": 18, "push": push, "badge": badge, "since": "3 minutes ago", "platform": "android", "switchable": true, "verify": "either",
		"device": "Alice’s Pixel", "none": push != "default", "waiting": push == "default",
	}
}

func request(more map[string]any) map[string]any {
	values := map[string]any{
		"client": "Contoso Mail", "account": "alice", "browser": "Firefox on Windows", "place": "Lyon, France",
		"ip": "2001:db8:85a3:8d3:1319:8a2e:370:7348", "ago": "just now", "left": "1:48",
	}
	for name, value := range more {
		values[name] = value
	}
	return values
}

// reveal shows what the scripts show only when something went wrong.
const reveal = `(() => {
	document.querySelectorAll("#problem").forEach((line) => { line.hidden = false; line.textContent = "That did not work."; });
	document.querySelectorAll("details").forEach((one) => { one.open = true; });
})()`

// Pictures of every screen are written to the folder that NOD_PICTURES names.
func TestEveryScreenIsAccessibleInLightAndDark(t *testing.T) {
	mux := newMux(t, page.Brand{Name: "Northwind", HelpURL: "https://help.northwind.example"})
	server := httptest.NewServer(mux.(*guard.Browser))
	t.Cleanup(server.Close)
	tab := chromium.StartWithoutPush(t).Tab()
	tab.Open(strings.Replace(server.URL, "127.0.0.1", "localhost", 1) + Home)
	tab.See(`main[data-state="empty"]`)
	left := screens(t)
	for scheme, screen := range map[string]browsertest.Screen{"light": browsertest.Phone(), "dark": browsertest.Phone().InTheDark()} {
		screen.Still = true // what is on its way from one colour to another has no contrast to judge
		tab.Screen(screen)
		for _, look := range looks {
			delete(left, "screen-"+look.screen)
			values, err := json.Marshal(look.values)
			if err != nil {
				t.Fatal(err)
			}
			tab.Eval(`import(document.querySelector("script[type=module]").src.replace("main.js", "screens.js"))
				.then(({ show }) => { show("`+look.screen+`", `+string(values)+` ?? {}); })`, nil)
			tab.Eval(reveal, nil)
			axe.Look(t, tab, look.name+", "+scheme)
		}
	}
	for name := range left {
		if strings.HasPrefix(name, "screen-") {
			t.Errorf("nobody looks at %s", name)
		}
	}
	for _, m := range tab.Problems() {
		t.Errorf("the page says %+v", m)
	}
}
