package browsertest_test

import (
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/internal/browsertest/firefox"
	"github.com/nod-idp/nod/internal/browsertest/notifications"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// tab is what the pages of both browsers can do.
type tab interface {
	Open(address string)
	Reload()
	Close()
	Address() string
	Focus()
	Eval(expression string, into any)
	Until(expression string)
	See(selector string)
	Click(selector string)
	Type(selector, text string)
	Text(selector string) string
	Screen(browsertest.Screen)
	Screenshot(file string)
	Problems(expected ...string) []browsertest.Message
}

// reader is what the fingerprint readers of both can do.
type reader interface {
	Recognise(yes bool)
	Remove()
}

// machine is a browser of either kind.
type machine struct {
	push          *pushservice.Service
	notifications *notifications.Daemon
	tab           func() tab
	opened        func(address string) tab
	permit        func(origin string, answer browsertest.Permission)
	fingerprint   func(tab) reader
}

// stories are told once for each browser, in this order.
var stories = []struct {
	name string
	tell func(*testing.T, machine)
}{
	{"a push message wakes the worker of a closed page", pushWakesTheWorker},
	{"messages wait for a browser that is away", messagesWait},
	{"the person is verified or not", personIsVerified},
	{"pages are seen and touched as a person does", pagesAreTouched},
	{"problems of a page are heard", problemsAreHeard},
	{"where the person refuses, so does push", pushIsRefused},
}

func TestTheKitInChromium(t *testing.T) {
	b := chromium.Start(t)
	m := machine{
		push: b.Push, notifications: b.Notifications, permit: b.Permit,
		tab:         func() tab { return b.Tab() },
		opened:      func(address string) tab { return b.Opened(address) },
		fingerprint: func(page tab) reader { return page.(*chromium.Tab).Authenticator(chromium.PRFAtGet) },
	}
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			b.Under(t)
			story.tell(t, m)
		})
	}
}

func TestTheKitInFirefox(t *testing.T) {
	b := firefox.Start(t)
	m := machine{
		push: b.Push, notifications: b.Notifications, permit: b.Permit,
		tab:         func() tab { return b.Tab() },
		opened:      func(address string) tab { return b.Opened(address) },
		fingerprint: func(tab) reader { return b.Authenticator() },
	}
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			b.Under(t)
			story.tell(t, m)
		})
	}
}

// subscribed is a page of a site whose worker may be sent to.
type subscribed struct {
	site *site
	page tab
	from *sender
	to   subscription
}

// subscribe opens the site on a machine and subscribes it.
func subscribe(t *testing.T, m machine) subscribed {
	t.Helper()
	s := newSite(t)
	m.permit(s.url, browsertest.Granted)
	from := newSender(t, pushservice.Bridge(m.push))
	page := m.tab()
	page.Open(s.url)
	var to subscription
	page.Eval("kit.subscribe('"+from.public()+"')", &to)
	return subscribed{s, page, from, to}
}
