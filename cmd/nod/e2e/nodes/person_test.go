package nodes

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/formbrowser"
)

const passphrase = "a long and quiet passphrase"

// person signs in again and again, with a phone in software. What fails is tried once
// more, as people do; that is counted.
type person struct {
	c      *cluster
	name   string
	phone  *simulator.Phone
	ledger *ledger
	b      *formbrowser.Browser
	page   *formbrowser.Page
	heal   func()  // before a second try
	failed []error // of this login, each of which was tried once more
}

// person adds one with a phone.
func (c *cluster) person(name string, l *ledger) *person {
	c.t.Helper()
	c.verb(passphrase+"\n", nil, "user", "add", name, "--password-stdin")
	return &person{c: c, name: name, phone: c.enrol(name), ledger: l, heal: func() { time.Sleep(300 * time.Millisecond) }}
}

// enrol gives somebody a phone.
func (c *cluster) enrol(name string) *simulator.Phone {
	c.t.Helper()
	var link struct {
		URL string `json:"url"`
	}
	c.verb("", &link, "user", "enroll-link", name, "--verification", "plain", "--no-confirm")
	phone, err := simulator.Enroll(c.t.Context(), link.URL, simulator.Options{Name: "Phone", HTTPClient: &http.Client{Transport: c.transport()}})
	if err != nil {
		c.t.Fatalf("enrol the phone of %s: %v", name, err)
	}
	return phone
}

// browser begins with an empty jar.
func (p *person) browser() {
	p.b = formbrowser.New(p.c.transport())
	p.b.Client.Timeout = 40 * time.Second
	p.b.Leaves = func(u *url.URL) bool { return strings.HasPrefix(u.String(), callback) }
	p.page, p.failed = nil, nil
}

// errTwice: a step failed, and failed again when it was tried once more.
var errTwice = errors.New("one retry was not enough")

// try does something and, if it failed, once more.
func (p *person) try(what string, do func(again bool) error) error {
	first := do(false)
	if first == nil {
		return nil
	}
	p.failed = append(p.failed, fmt.Errorf("%s at %s: %w", what, time.Now().Format("15:04:05.000"), first))
	p.ledger.retried(what, first)
	p.heal()
	if second := do(true); second != nil {
		return fmt.Errorf("%s: %w: first %w, then %w", what, errTwice, first, second)
	}
	return nil
}

// take keeps a page that the server answered with, and refuses one of a failure.
func (p *person) take(page *formbrowser.Page, err error) error {
	switch {
	case err != nil:
		return err
	case page.Status >= 500:
		return fmt.Errorf("status %d (%s)", page.Status, page.State)
	}
	p.page = page
	return nil
}

// press presses a button. The second time the same form is sent again, as a browser does
// that is told to reload.
func (p *person) press(ctx context.Context, button string, values map[string]string, want string) error {
	form := p.page
	return p.try(button, func(bool) error {
		if err := p.take(p.b.Press(ctx, form, button, values)); err != nil {
			return err
		}
		if p.page.State != want {
			return fmt.Errorf("the page is %q (status %d), want %q", p.page.State, p.page.Status, want)
		}
		return nil
	})
}

// signIn walks from the application to its code by password and push.
func (p *person) signIn(ctx context.Context) (code string, err error) {
	if err := p.ask(ctx); err != nil {
		return "", err
	}
	if err := p.approve(ctx); err != nil {
		return "", err
	}
	if p.page.State == "pending" {
		if _, err := p.waits(ctx); err != nil {
			return "", err
		}
	}
	return p.finish(ctx)
}

// ask gets as far as the waiting page.
func (p *person) ask(ctx context.Context) error {
	p.browser()
	err := p.try("authorize", func(bool) error { return p.take(p.b.Get(ctx, p.c.app.authorize(p.c.url))) })
	if err != nil {
		return err
	}
	p.ledger.began(loginOf(p.page.URL))
	if err := p.press(ctx, "login-submit", map[string]string{"username": p.name, "password": passphrase}, "method"); err != nil {
		return err
	}
	return p.press(ctx, "use-mobile", nil, "pending")
}

// approve answers on the phone, which has the number that the page shows.
func (p *person) approve(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	open, err := p.phone.Wait(ctx)
	if err != nil {
		return fmt.Errorf("the phone hears nothing: %w", err)
	}
	number := p.page.Text("match-number")
	err = p.try("approve", func(bool) error {
		_, err := p.phone.ApproveRequest(ctx, open[0], number, "")
		return err
	})
	if err == nil {
		p.ledger.approved(open[0].ID)
	}
	return err
}

// finish submits the passcode that the phone sent, and goes on to the client.
func (p *person) finish(ctx context.Context) (code string, err error) {
	if err := p.press(ctx, "passcode-submit", nil, "done"); err != nil {
		return "", err
	}
	p.ledger.finished(loginOf(p.page.URL))
	end, err := p.b.Follow(ctx, p.page)
	if err != nil {
		return "", err
	}
	return end.URL.Query().Get("code"), nil
}

// again asks for another code, for which the session is enough.
func (p *person) again(ctx context.Context) (code string, err error) {
	err = p.try("authorize again", func(bool) error {
		page, err := p.b.Get(ctx, p.c.app.authorize(p.c.url))
		if err == nil && page.Status != 0 {
			err = fmt.Errorf("the page is %q (status %d), want an answer without one", page.State, page.Status)
		}
		if err == nil {
			code = page.URL.Query().Get("code")
		}
		return err
	})
	return code, err
}

// loginOf is the id of a page's login. Until its first step the login is carried behind it.
func loginOf(u *url.URL) string {
	id, _, _ := strings.Cut(u.Path[strings.LastIndex(u.Path, "/")+1:], ".")
	return id
}
