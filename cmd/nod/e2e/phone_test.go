package e2e

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/demo"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/browsertest"
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

// mobile is a browser of either kind as a phone: what it is woken by and what it shows.
type mobile struct {
	push   *pushservice.Service
	screen *notifications.Daemon
	tab    func() tab
	opened func(address string) tab
	permit func(origin string, answer browsertest.Permission)
	// sensor gives a page the phone's fingerprint reader.
	sensor func(tab) reader
	// ready is called when a page is about to ask for it; nil means nothing is to be done.
	ready func(tab)
}

// reader is the fingerprint reader of both kinds.
type reader interface{ Recognise(yes bool) }

// phones is a server whose push messages reach a browser of the test, and an
// application of other hands.
type phones struct {
	*world
	m    mobile
	mail string // the application
}

// startPhones starts a server for one story. Another port is another origin, so nothing
// of an earlier story in the same browser is left.
func startPhones(t *testing.T, m mobile, o server.Options, second client.SecondFactor) *phones {
	t.Helper()
	o.Hasher = &password.Hasher{Memory: 8 << 10, Time: 1} // these stories are about something else
	w := startWith(t, o, func(s *server.Server) {
		if m.push != nil {
			s.Push.Sender.Client = &http.Client{Transport: pushservice.Bridge(m.push), Timeout: 5 * time.Second}
		}
	})
	t.Cleanup(func() {
		if t.Failed() {
			lines := strings.Split(strings.TrimSpace(w.log.String()), "\n")
			t.Logf("the server's last lines:\n%s", strings.Join(lines[max(0, len(lines)-40):], "\n"))
		}
	})
	p := &phones{world: w, m: m}
	for _, old := range m.screen.Shown() { // of an earlier story
		m.screen.Close(t, old)
	}
	m.permit(w.issuer, browsertest.Granted)
	p.mail = p.contoso(second)
	return p
}

// contoso is Contoso Mail, the sample application, at an address of its own.
func (p *phones) contoso(second client.SecondFactor) string {
	p.t.Helper()
	app := httptest.NewUnstartedServer(nil)
	home := "http://" + app.Listener.Addr().String()
	c, secret, err := p.s.Clients.Add(p.t.Context(), client.New{
		ID: "contoso-mail", Name: "Contoso Mail", RedirectURIs: []string{home + "/callback"}, SecondFactor: second, FirstParty: true,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.hide(secret)
	mail, err := demo.NewMail(p.t.Context(), p.issuer, c.ID, secret, home)
	if err != nil {
		p.t.Fatal(err)
	}
	app.Config.Handler = mail
	app.Start()
	p.t.Cleanup(app.Close)
	return home
}

// link is one of the administrator's that needs no confirmation.
func (p *phones) link(u user.User, rule devices.Rule) string {
	p.t.Helper()
	link, err := p.s.Devices.Link(p.t.Context(), devices.LinkRequest{UserID: u.ID, Valid: time.Hour, MadeBy: "cli:test", Rule: rule})
	if err != nil {
		p.t.Fatal(err)
	}
	p.hide(link.Token)
	return link.URL
}

// at waits until the authenticator shows a screen.
func at(page tab, state string) {
	page.Until(`document.querySelector('main')?.dataset.state === '` + state + `'`)
}

// pin is what people of these tests type.
const pin = "2580"

// enrol takes a phone through an enrolment, from the link to the last screen.
func (p *phones) enrol(page tab, link string) {
	p.t.Helper()
	page.Open(link)
	at(page, "enrol-name")
	if p.m.ready != nil {
		p.m.ready(page)
	}
	page.Click("#enrol-begin")
	p.join(page)
	at(page, "enrol-done")
	page.Click("#done")
}

// join presses the button of each step until there is none left.
func (p *phones) join(page tab) {
	p.t.Helper()
	for {
		var state string
		browsertest.Until(p.t, "the next step of the enrolment", func() (string, bool) {
			page.Eval("document.querySelector('main').dataset.state", &state)
			return state, state != "enrol-name" && state != "enrol-proving"
		}, nil)
		switch state {
		case "enrol-credential":
			page.Click("#credential-create")
			page.Until("document.querySelector('main').dataset.state !== 'enrol-credential'")
		case "enrol-pin":
			page.Type("#pin", pin)
			page.Type("#pin-repeat", pin)
			page.Click("#pin-set")
			page.Until("document.querySelector('main').dataset.state !== 'enrol-pin'")
		case "enrol-push":
			page.Click("#push-allow")
			page.Until("document.querySelector('main').dataset.state !== 'enrol-push'")
		default:
			return
		}
	}
}

// device is what the server knows of a person's only device.
func (p *phones) device(u user.User) devices.Device {
	p.t.Helper()
	all, err := p.s.Devices.List(p.t.Context(), u.ID)
	if err != nil || len(all) != 1 {
		p.t.Fatalf("got %d devices, %v, want 1", len(all), err)
	}
	return all[0]
}

// clean fails on anything that a page complained about.
func clean(t testing.TB, page tab, expected ...string) {
	t.Helper()
	for _, problem := range page.Problems(expected...) {
		t.Errorf("the page complained: %s %s", problem.Kind, problem.Text)
	}
}
