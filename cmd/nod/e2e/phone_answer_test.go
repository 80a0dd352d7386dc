package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// answering is a phone that is enrolled under a rule and open, and a login elsewhere
// that has asked it.
type answering struct {
	*phones
	page   *chromium.Tab
	finger *chromium.Authenticator
}

func answers(t *testing.T, b *chromium.Browser, rule devices.Rule) answering {
	t.Helper()
	a := answering{phones: startPhones(t, handset(b), server.Options{}, client.FactorPushNumber), page: b.Tab()}
	a.finger = a.page.Authenticator(chromium.PRFNone)
	a.enrol(a.page, a.link(a.user, rule))
	at(a.page, "home")
	return a
}

// asked is a login that waits, its request on the phone's screen.
func (a answering) asked() (v *visit, number string) {
	a.t.Helper()
	v = a.visit(a.browser(), a.app).password()
	number = v.ask()
	at(a.page, "request")
	return v, number
}

// signedIn submits what the login page now holds and redeems the code.
func (v *visit) signedIn() map[string]any {
	v.t.Helper()
	v.reload("approved")
	v.press("passcode-submit", "done")
	_, _, claims := v.tokens(v.code())
	return claims
}

func amr(claims map[string]any) string {
	var all []string
	for _, method := range claims["amr"].([]any) {
		all = append(all, method.(string))
	}
	return strings.Join(all, " ")
}

func deniesAndReports(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, _ := a.asked()
	a.page.Click("#deny")
	at(a.page, "denied")
	v.reload("denied")
	a.page.Click("#report")
	at(a.page, "reported")
	v.reload("reported")
	clean(t, a.page)
}

func reportsAtOnce(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, _ := a.asked()
	a.page.Click("#report")
	at(a.page, "reported")
	v.reload("reported")
	if a.audited("challenge.reported", "ok") != 1 {
		t.Error("the report is not in the journal")
	}
}

func refusesAWrongNumber(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, number := a.asked()
	a.page.Type("#number", number[:1]) // too short: nothing is sent
	a.page.Click("#approve")
	a.page.See("#problem")
	if n := a.audited("challenge.answer", "refused"); n != 0 {
		t.Errorf("an unfinished number was sent %d times", n)
	}
	a.page.Eval(`document.querySelector("#number").value = ""`, nil)
	a.page.Type("#number", differing(number))
	a.page.Click("#approve")
	a.page.Until(`document.querySelector("#problem").textContent.includes("2 tries left")`)
	a.page.Eval(`document.querySelector("#number").value = ""`, nil)
	a.page.Type("#number", number)
	a.page.Click("#approve")
	at(a.page, "approved")
	if got := amr(v.signedIn()); got != "mfa otp pwd swk user" {
		t.Errorf("got amr %s", got)
	}
}

// differing is another number of the same length.
func differing(number string) string {
	last := number[len(number)-1]
	return number[:len(number)-1] + string('0'+(last-'0'+1)%10)
}

func needsTheRightFinger(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, number := a.asked()
	a.finger.Recognise(false)
	a.page.Type("#number", number)
	a.page.Click("#approve")
	a.page.See("#problem")
	at(a.page, "request")
	v.reload("pending")
	if n := a.audited("challenge.answer", "refused"); n != 0 {
		t.Errorf("a finger that was not recognised counted %d times", n)
	}
	a.finger.Recognise(true)
	a.page.Click("#approve")
	at(a.page, "approved")
	v.signedIn()
}

func approvesByPIN(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, devices.RulePIN)
	v, number := a.asked()
	a.page.Type("#number", number)
	a.page.Type("#pin", "8520")
	a.page.Click("#approve")
	a.page.Until(`document.querySelector("#problem").textContent.includes("2 tries left")`)
	if d := a.device(a.user); d.PINFailures != 1 {
		t.Errorf("got %d wrong PINs, want 1", d.PINFailures)
	}
	a.page.Eval(`document.querySelector("#pin").value = ""`, nil)
	a.page.Type("#pin", pin)
	a.page.Click("#approve")
	at(a.page, "approved")
	if got := amr(v.signedIn()); got != "mfa otp pin pwd swk" {
		t.Errorf("got amr %s", got)
	}
	clean(t, a.page, "422")
}

func choosesBetweenFingerAndPIN(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, devices.RuleBiometricWithPIN)
	v, number := a.asked()
	a.page.Type("#number", number)
	a.page.Click("#approve")
	at(a.page, "approved")
	if got := amr(v.signedIn()); got != "mfa otp pwd swk user" {
		t.Errorf("by finger: got amr %s", got)
	}
	a.page.Click("#done")
	v, number = a.asked()
	a.page.Click("#use-pin")
	a.page.Type("#number", number)
	a.page.Type("#pin", pin)
	a.page.Click("#approve")
	at(a.page, "approved")
	if got := amr(v.signedIn()); got != "mfa otp pin pwd swk" {
		t.Errorf("by PIN: got amr %s", got)
	}
}

func typesThePasscodeByHand(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, number := a.asked()
	a.page.Type("#number", number)
	a.page.Click("#approve")
	digits := regexp.MustCompile(`\D`).ReplaceAllString(a.page.Text("#passcode"), "")
	if len(digits) != 6 {
		t.Fatalf("the phone shows %q", a.page.Text("#passcode"))
	}
	// The page as it was drawn while it waited: the person types what the phone shows.
	v.press("passcode-submit", "done", "passcode", digits)
	v.tokens(v.code())
}

func showsWhatIsUnusual(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, number := a.asked()
	for selector, want := range map[string]string{
		"main .facts": "Firefox on Linux", "header": "Contoso Mail",
	} {
		if got := a.page.Text(selector); !strings.Contains(got, want) {
			t.Errorf("%s says %q, want %q in it", selector, got, want)
		}
	}
	var unusual int
	a.page.Eval(`document.querySelectorAll("#unusual-client:not([hidden]), #unusual-network:not([hidden])").length`, &unusual)
	if unusual != 0 {
		t.Error("the first sign-in of all is called unusual")
	}
	a.page.Type("#number", number)
	a.page.Click("#approve")
	at(a.page, "approved")
	v.signedIn()
	a.page.Click("#done")
	other := a.application(client.New{ID: "wiki", Name: "Contoso Wiki"})
	a.visit(a.browser(), other).password().ask()
	at(a.page, "request")
	if got := a.page.Text("#unusual-client"); !strings.Contains(got, "Contoso Wiki") {
		t.Errorf("a new application is announced by %q", got)
	}
}

func tellsHowARequestEnded(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v, _ := a.asked()
	v.press("cancel", "done")
	at(a.page, "over")
	a.page.Until(`document.querySelector("main").dataset.reason === "withdrawn"`)
	a.page.Click("#done")
	at(a.page, "home")

	a.skip(time.Hour) // the next request would have to wait
	v, _ = a.asked()
	a.skip(2 * time.Minute)
	a.page.Click("#deny")
	at(a.page, "over")
	v.reload("expired")
}

func answeredElsewhere(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	terminal := a.phone(a.user, "Terminal", "")
	v, number := a.asked()
	a.approve(terminal, number, "")
	at(a.page, "over")
	a.page.Until(`document.querySelector("main").dataset.reason === "answered_elsewhere"`)
	v.signedIn()
}

func twoAccountsOnOnePhone(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	bob := a.person("bob")
	a.enrol(a.page, a.link(bob, ""))
	at(a.page, "home")
	if d := a.page.Text("#account-name"); d == "" {
		t.Error("the account has no name")
	}
	second := a.device(bob).ID
	a.page.Until(`document.querySelector("main").dataset.account === "` + second + `"`)
	code := a.page.Text("#typed-passcode")
	a.page.Click("#account-next")
	first := a.device(a.user).ID
	a.page.Until(`document.querySelector("main").dataset.account === "` + first + `"`)
	if other := a.page.Text("#typed-passcode"); other == code {
		t.Error("both accounts show the same passcode")
	}
	a.page.Click("#account-previous")
	a.page.Until(`document.querySelector("main").dataset.account === "` + second + `"`)
	v, number := a.asked() // for alice, while bob's is on screen
	a.page.Until(`document.querySelector("main").dataset.account === "` + first + `"`)
	a.page.Type("#number", number)
	a.page.Click("#approve")
	at(a.page, "approved")
	v.signedIn()
}

func typedPasscodesWorkWithoutNetwork(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	a.page.Until("navigator.serviceWorker.controller !== null")
	a.stop()
	a.page.Reload()
	at(a.page, "home")
	a.page.See("#offline")
	code := regexp.MustCompile(`\D`).ReplaceAllString(a.page.Text("#typed-passcode"), "")
	if len(code) != 6 {
		t.Errorf("without network the app shows %q", code)
	}
}

func theTypedPasscodeSignsIn(t *testing.T, b *chromium.Browser) {
	a := answers(t, b, "")
	v := a.visit(a.browser(), a.app).password()
	v.press("use-passcode", "method")
	code := regexp.MustCompile(`\D`).ReplaceAllString(a.page.Text("#typed-passcode"), "")
	v.press("passcode-submit", "done", "passcode", code)
	if _, _, claims := v.tokens(v.code()); amr(claims) != "mfa otp pwd" {
		t.Errorf("got amr %s", amr(claims))
	}
}
