package e2e

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// waiting enrols a device by an administrator's link that has to be confirmed.
func (w *world) waiting(name string) *simulator.Phone {
	w.t.Helper()
	link, err := w.s.Devices.Link(w.t.Context(), devices.LinkRequest{UserID: w.user.ID, Valid: time.Hour, Confirm: true, MadeBy: "cli:test"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.hide(link.Token)
	p, err := simulator.Enroll(w.t.Context(), link.URL, simulator.Options{Name: name})
	if err != nil || p.Status() != protocol.EnrolStateConfirm {
		w.t.Fatalf("enrol: got %v, %v, want it to wait", p, err)
	}
	return p
}

// account opens the person's own pages and signs in with the password.
func (w *world) account(b *formbrowser.Browser) *visit {
	w.t.Helper()
	page, err := b.Get(w.t.Context(), w.issuer+"/account/")
	if err != nil {
		w.t.Fatal(err)
	}
	return &visit{world: w, b: b, page: page}
}

func (v *visit) follow() {
	v.t.Helper()
	page, err := v.b.Follow(v.t.Context(), v.page)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page = page
}

func TestADeviceIsConfirmedInABrowserSignedInWithThePassword(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.waiting("Alice's terminal")
		if _, err := p.Requests(t.Context()); err == nil {
			t.Error("a device that waits was answered")
		}
		v := w.account(w.browser())
		v.press("login-submit", "done", "username", username, "password", passphrase)
		v.follow()
		v.want("consent")
		for _, want := range []string{p.Fingerprint(), "Alice&#39;s terminal"} {
			if !containsText(v.page.Body, want) {
				t.Errorf("the question lacks %q\n%s", want, v.page.Body)
			}
		}
		v.press("confirm-device", "account")
		if _, err := p.Requests(t.Context()); err != nil {
			t.Errorf("confirmed: got %v", err)
		}
		// "A password alone never gains a device": the next one needs this one.
		w.waiting("a second one")
		v = w.account(w.browser())
		v.press("login-submit", "method", "username", username, "password", passphrase)
	})
}

func TestADeviceThatIsRefusedNeverSpeaks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.waiting("stranger")
		v := w.account(w.browser())
		v.press("login-submit", "done", "username", username, "password", passphrase)
		v.follow()
		v.press("refuse-device", "account")
		if _, err := p.Requests(t.Context()); !errors.Is(err, protocol.ErrUnknownDevice) {
			t.Errorf("got %v, want unknown_device", err)
		}
	})
}

func TestAnEnrolmentLinkOpenedInABrowserExplainsItself(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		link, err := w.s.Devices.Link(t.Context(), devices.LinkRequest{UserID: w.user.ID, MadeBy: "cli:test"})
		if err != nil {
			t.Fatal(err)
		}
		page, err := w.browser().Get(t.Context(), link.URL)
		if err != nil || page.Status != 200 || page.State != "start" || !strings.Contains(page.Body, "<noscript>") {
			t.Fatalf("without script: got %s with %d, %v", page.State, page.Status, err)
		}
		if _, err := simulator.Enroll(t.Context(), link.URL, simulator.Options{}); err != nil {
			t.Errorf("opening the page used the link up: %v", err)
		}
		var used *protocol.Error
		if _, err := simulator.Enroll(t.Context(), link.URL, simulator.Options{}); !errors.As(err, &used) || used.Code != protocol.ErrLinkUsed {
			t.Errorf("the second device: got %v, want link_used", err)
		}
	})
}
