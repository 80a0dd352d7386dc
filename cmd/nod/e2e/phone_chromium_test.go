package e2e

import (
	"testing"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// handset is Chromium as a phone.
func handset(b *chromium.Browser) mobile {
	var finger *chromium.Authenticator
	return mobile{
		push: b.Push, screen: b.Notifications, permit: b.Permit,
		tab: func() tab { return b.Tab() },
		opened: func(address string) tab {
			window := b.Opened(address)
			if finger != nil { // here each window has a reader of its own
				finger.CopyTo(window)
			}
			return window
		},
		sensor: func(page tab) reader {
			finger = page.(*chromium.Tab).Authenticator(chromium.PRFNone)
			return finger
		},
	}
}

// onHandset is a story of both browsers, told of Chromium.
func onHandset(tell func(*testing.T, mobile)) func(*testing.T, *chromium.Browser) {
	return func(t *testing.T, b *chromium.Browser) { tell(t, handset(b)) }
}

func TestPhonesInChromium(t *testing.T) {
	b := chromium.Start(t)
	for _, story := range []struct {
		name string
		tell func(*testing.T, *chromium.Browser)
	}{
		{"a phone enrols, is asked while it is open, and approves", approvesWhileOpen},
		{"deny, and on second thought report", deniesAndReports},
		{"report at once", reportsAtOnce},
		{"a wrong number is told and counted", refusesAWrongNumber},
		{"without the person's finger nothing is sent", needsTheRightFinger},
		{"a PIN where the rule says so", approvesByPIN},
		{"finger or PIN where the rule has both", choosesBetweenFingerAndPIN},
		{"the passcode is typed by hand", typesThePasscodeByHand},
		{"the request shows who, where and what is unusual", showsWhatIsUnusual},
		{"a request that ends says how", tellsHowARequestEnded},
		{"answered on another device", answeredElsewhere},
		{"two accounts on one phone", twoAccountsOnOnePhone},
		{"typed passcodes without network", typedPasscodesWorkWithoutNetwork},
		{"a typed passcode signs in", theTypedPasscodeSignsIn},
		{"push wakes a closed app, which approves", onHandset(wakesAndApproves)},
		{"deny on the notification", onHandset(deniesFromTheNotification)},
		{"approve on the notification where nothing is demanded", onHandset(approvesFromTheNotification)},
		{"a wake-up for nothing still shows something", onHandset(showsANotificationWhateverHappens)},
		{"a dropped subscription is made anew", onHandset(dropped)},
		{"push off and on again", switchesPushOff},
		{"notifications forbidden in the system", noticesThatTheSystemForbids},
		{"enrol by the code of the portal", enrolsByTheCodeOfThePortal},
		{"a second phone in a race, and the person refuses", secondPhoneInARace},
		{"a link that is late", lateLink},
		{"an administrator's link is confirmed with the password", confirmsAnAdministratorsLink},
		{"an enrolment goes on after a reload", goesOnAfterAReload},
		{"the person refuses the sensor", thePersonRefusesTheSensor},
		{"a phone without a sensor", withoutASensor},
		{"the wrong origin", wrongOrigin},
		{"the last device is removed", theLastDeviceIsRemoved},
		{"approve on this device", approvesOnThisDevice},
		{"another browser asks for the number", anotherBrowserAsksForTheNumber},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(t, b.Under(t)) })
	}
}

func approvesWhileOpen(t *testing.T, b *chromium.Browser) {
	p := startPhones(t, handset(b), server.Options{}, client.FactorPushNumber)
	phone := b.Tab()
	phone.Authenticator(chromium.PRFNone)
	p.enrol(phone, p.link(p.user, ""))
	at(phone, "home")
	if d := p.device(p.user); d.Kind != protocol.KindWeb || d.Verification != protocol.VerifyBiometric {
		t.Errorf("enrolled as %s with %s", d.Kind, d.Verification)
	}
	laptop := b.Elsewhere()
	p.signIn(laptop)
	laptop.Click("#use-mobile")
	number := laptop.Text("#match-number")
	at(phone, "request")
	phone.Type("#number", number)
	phone.Click("#approve")
	at(phone, "approved")
	laptop.Until("location.origin === '" + p.mail + "' && document.body.innerText.includes('Alice')")
	clean(t, phone)
	clean(t, laptop)
}

// signIn goes from the application to the choice of methods.
func (p *phones) signIn(page tab) {
	p.t.Helper()
	page.Open(p.mail + "/login")
	page.Type("#username", username)
	page.Type("#password", passphrase)
	page.Click("#login-submit")
	at(page, "method")
}
