package browsertest_test

import (
	"net/http"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/firefox"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

func TestFirefoxAndItsPushService(t *testing.T) {
	b := firefox.Start(t)
	s := newSite(t)
	b.Permit(s.url, browsertest.Granted)
	b.Autopush.EndpointBase = "http://" + b.Push.Address()
	from := newSender(t, http.DefaultTransport) // local endpoints need no bridge
	page := b.Tab()
	page.Open(s.url)
	var to, again subscription
	page.Eval("kit.subscribe('"+from.public()+"')", &to)

	body := from.encrypt(to, "Sign-in request")
	body[len(body)-1] ^= 1
	from.post(to, body)
	if m := b.Push.WaitFor(t, pushservice.Undecrypted); m.Code != 101 {
		t.Errorf("Firefox calls a message it cannot read %d, want 101", m.Code)
	}
	from.send(to, "throw")
	b.Push.WaitFor(t, pushservice.HandlerErr)

	b.Autopush.Disconnect()
	from.send(to, "missed")
	b.Push.WaitFor(t, pushservice.Delivered) // it came back by itself

	stranger := newSender(t, http.DefaultTransport)
	if got := stranger.send(to, "hello"); got != http.StatusForbidden {
		t.Errorf("push by a stranger: got %d, want 403", got)
	}

	b.Autopush.ForgetAgent()
	if change := s.hear(t, "change", nil); change.Text != to.Endpoint {
		t.Errorf("the subscription that ended is %q, want %q", change.Text, to.Endpoint)
	}
	if got := from.send(to, "too late"); got != http.StatusGone {
		t.Errorf("push to a subscription that was forgotten: got %d, want 410", got)
	}
	page.Eval("kit.subscribe('"+from.public()+"')", &again)
	from.send(again, "anew")
	b.Push.WaitFor(t, pushservice.Delivered)
}
