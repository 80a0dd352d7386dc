package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// asleep is a phone that was enrolled, and whose app was closed then.
type asleep struct {
	*phones
	keys tab // the page that holds the credentials, on an address of another origin
}

// sleeping enrols a phone of either kind under a rule and leaves the app.
func sleeping(t *testing.T, m mobile, rule devices.Rule, second client.SecondFactor) asleep {
	t.Helper()
	p := startPhones(t, m, server.Options{}, second)
	page := m.tab()
	m.sensor(page)
	p.enrol(page, p.link(p.user, rule))
	at(page, "home")
	page.Until(`document.querySelector("main").innerText.includes("Push is on")`)
	page.Open("about:blank")
	return asleep{p, page}
}

func wakesAndApproves(t *testing.T, m mobile) {
	p := sleeping(t, m, "", client.FactorPushNumber)
	v := p.visit(p.browser(), p.app).password()
	number := v.ask()
	shown := m.screen.WaitFor(t, "Sign-in request")
	if !strings.Contains(shown.Body, "Contoso Mail") || !strings.Contains(shown.Body, "127.0.0.1") {
		t.Errorf("the notification says %q", shown.Body)
	}
	all := m.push.Messages()
	sent := all[len(all)-1]
	if sent.Urgency != "high" || sent.Topic == "" || sent.TTL <= 0 || sent.TTL.Seconds() > 120 || sent.Encoding != "aes128gcm" {
		t.Errorf("the push message went out with urgency %q, topic %q, TTL %s and encoding %q", sent.Urgency, sent.Topic, sent.TTL, sent.Encoding)
	}
	m.screen.Click(t, shown, "")
	window := m.opened("/app/")
	at(window, "request")
	window.Type("#number", number)
	window.Click("#approve")
	at(window, "approved")
	v.signedIn()
	m.screen.WaitForNone(t)
	clean(t, window)
}

// deniedFromTheNotification is a login whose request was denied on the phone's screen,
// with the app closed.
func (p *phones) deniedFromTheNotification() *visit {
	p.t.Helper()
	v := p.visit(p.browser(), p.app).password()
	v.ask()
	p.m.screen.Click(p.t, p.m.screen.WaitFor(p.t, "Sign-in request"), "Deny")
	browsertest.Until(p.t, "the request to be denied", func() (bool, bool) {
		n := p.audited("challenge.denied", "ok")
		return n == 1, n == 1
	}, nil)
	return v
}

func deniesFromTheNotification(t *testing.T, m mobile) {
	p := sleeping(t, m, "", client.FactorPushNumber)
	v := p.deniedFromTheNotification()
	v.reload("denied")
	m.screen.WaitForNone(t)
}

func approvesFromTheNotification(t *testing.T, m mobile) {
	p := sleeping(t, m, devices.RulePlain, client.FactorPush)
	easy := p.application(client.New{ID: "kiosk", Name: "Contoso Kiosk", SecondFactor: client.FactorPush})
	v := p.visit(p.browser(), easy).password()
	v.press("use-mobile", "pending")
	m.screen.Click(t, m.screen.WaitFor(t, "Sign-in request"), "Approve")
	m.screen.WaitFor(t, "Approved")
	if got := amr(v.signedIn()); got != "mfa otp pwd swk" {
		t.Errorf("got amr %s", got)
	}
	// Where a number is asked, approving on the notification is not even offered.
	p.visit(p.browser(), p.app).password().ask()
	if shown := m.screen.WaitFor(t, "Sign-in request"); len(shown.Actions) > 0 {
		for _, label := range shown.Actions {
			if label == "Approve" {
				t.Error("a request with a number offers to be approved at once")
			}
		}
	}
}

func showsANotificationWhateverHappens(t *testing.T, m mobile) {
	p := sleeping(t, m, "", client.FactorPushNumber)
	v := p.visit(p.browser(), p.app).password()
	m.push.Hold()
	v.ask()
	browsertest.Until(t, "the wake-up to be sent", func() (int, bool) {
		n := len(m.push.Waiting())
		return n, n == 1
	}, nil)
	v.press("cancel", "done")
	m.push.Release()
	m.screen.WaitFor(t, "The request is over")
	m.push.WaitFor(t, pushservice.Delivered)
}

// dropped is a subscription that its push service has ended behind the browser's back.
func dropped(t *testing.T, m mobile) {
	p := sleeping(t, m, "", client.FactorPushNumber)
	m.push.EndAll()
	v := p.visit(p.browser(), p.app).password()
	v.ask()
	d := p.device(p.user)
	browsertest.Until(t, "the server to drop the subscription", func() (bool, bool) {
		state, err := p.s.Push.Subscriptions.State(t.Context(), d.ID)
		return state.Gone, err == nil && state.Gone
	}, nil)
	p.keys.Open(p.issuer + "/app/")
	at(p.keys, "request") // by the app's own stream: push never was the way
	browsertest.Until(t, "the app to subscribe anew", func() (bool, bool) {
		state, err := p.s.Push.Subscriptions.State(t.Context(), d.ID)
		return state.Subscribed, err == nil && state.Subscribed
	}, nil)
}

func switchesPushOff(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	a.page.Until(`document.querySelector("main").innerText.includes("Push is on")`)
	a.page.Click("#push-switch")
	a.page.Until(`document.querySelector("#push-switch").ariaChecked === "false"`)
	if a.device(a.user).PushOn {
		t.Error("the server still asks the phone")
	}
	v := a.visit(a.browser(), a.app).password()
	if v.page.Has("use-mobile") {
		t.Error("the login page still offers a phone whose push is off")
	}
	a.page.Click("#push-switch")
	a.page.Until(`document.querySelector("#push-switch").ariaChecked === "true"`)
	v.reload("method")
	v.ask()
	at(a.page, "request")
	clean(t, a.page)
}

func noticesThatTheSystemForbids(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	a.page.Until(`document.querySelector("main").innerText.includes("Push is on")`)
	b.Permit(a.issuer, browsertest.Denied)
	a.page.Reload()
	at(a.page, "home")
	a.page.See("#push-how")
	d := a.device(a.user)
	browsertest.Until(t, "the server to know", func() (string, bool) {
		state, err := a.s.Push.Subscriptions.State(t.Context(), d.ID)
		return state.Blocked, err == nil && state.Blocked == string(protocol.BlockedDenied)
	}, nil)
	a.page.Open("about:blank")
	v := a.visit(a.browser(), a.app).password()
	v.ask()
	if !strings.Contains(v.page.Body, "Notifications are off on that phone") {
		t.Error("the login page does not say that the phone will not ring")
	}
	a.page.Open(a.issuer + "/app/")
	at(a.page, "request")
}

// TestAPhoneBehindAFirewallEnrolsAndApproves holds that a browser's promise which never settles stops nobody.
func TestAPhoneBehindAFirewallEnrolsAndApproves(t *testing.T) {
	b := chromium.StartWithoutPush(t)
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	page := b.Tab()
	page.Authenticator(chromium.PRFNone)
	page.Open(p.link(p.user, ""))
	at(page, "enrol-name")
	page.Click("#enrol-begin")
	at(page, "enrol-credential")
	page.Click("#credential-create")
	at(page, "enrol-push")
	page.Click("#push-allow")
	time.Sleep(10 * time.Second) // the app is as patient as a test is
	page.See("#push-go-on")
	page.Click("#push-go-on")
	at(page, "enrol-done")
	page.Click("#done")
	at(page, "home")
	state, err := p.s.Push.Subscriptions.State(t.Context(), p.device(p.user).ID)
	if err != nil || state.Blocked != string(protocol.BlockedUnreachable) {
		t.Errorf("the server was told %q, %v", state.Blocked, err)
	}
	v := p.visit(p.browser(), p.app).password()
	number := v.ask()
	at(page, "request")
	page.Type("#number", number)
	page.Click("#approve")
	at(page, "approved")
	v.signedIn()
}
