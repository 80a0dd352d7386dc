package browsertest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

func pushWakesTheWorker(t *testing.T, m machine) {
	s := subscribe(t, m)
	var key string
	s.page.Eval("kit.publicKey()", &key)
	s.page.Close()

	if got := s.from.send(s.to, "Sign-in request"); got != http.StatusCreated {
		t.Fatalf("push: got %d, want 201: %v", got, m.push.Refusals())
	}
	heard := s.site.hear(t, "push", nil)
	if heard.Text != "Sign-in request" || heard.Pages != 0 {
		t.Errorf("the worker heard %q with %d pages open, want the text that was sent and no page", heard.Text, heard.Pages)
	}
	if !signed(t, key, heard.Text, heard.Signature) {
		t.Error("the worker's signature with the key of the page is wrong")
	}
	m.push.WaitFor(t, pushservice.Delivered)

	m.notifications.Click(t, m.notifications.WaitFor(t, "Sign-in request"), "Deny")
	if click := s.site.hear(t, "click", nil); click.Action != "deny" || !click.Trusted {
		t.Errorf("the click on the button arrived as %+v, want a trusted deny", click)
	}
	m.notifications.WaitForNone(t)

	s.from.send(s.to, "Another request")
	s.site.hear(t, "push", nil)
	m.notifications.Click(t, m.notifications.WaitFor(t, "Another request"), "")
	opened := m.opened("?opened")
	if click := s.site.hear(t, "click", nil); click.Action != "" || !click.Trusted {
		t.Errorf("the click on the text arrived as %+v, want a trusted one without action", click)
	}
	opened.See("#greet")

	s.from.send(s.to, "Not wanted")
	s.site.hear(t, "push", nil)
	m.notifications.Close(t, m.notifications.WaitFor(t, "Not wanted"))
	s.site.hear(t, "close", nil)

	const most = 4096 - 86 - 17
	if got := s.from.send(s.to, strings.Repeat("x", most)); got != http.StatusCreated {
		t.Fatalf("push of %d bytes: got %d, want 201", most, got)
	}
	if heard := s.site.hear(t, "push", nil); len(heard.Text) != most {
		t.Errorf("the worker heard %d bytes, want %d", len(heard.Text), most)
	}
	if got := s.from.send(s.to, strings.Repeat("x", most+1)); got != http.StatusRequestEntityTooLarge {
		t.Errorf("push of %d bytes: got %d, want 413", most+1, got)
	}
}

func messagesWait(t *testing.T, m machine) {
	s := subscribe(t, m)
	topic := func(r *http.Request) { r.Header.Set("Topic", "request") }
	m.push.Hold()
	s.from.send(s.to, "older", topic)
	s.from.send(s.to, "newer", topic)
	m.push.Release()
	if heard := s.site.hear(t, "push", nil); heard.Text != "newer" {
		t.Errorf("once it was back the browser got %q, want only the newer message", heard.Text)
	}
	m.push.WaitFor(t, pushservice.Delivered)
	all := m.push.Messages()
	if older := all[len(all)-2]; older.State != pushservice.Replaced {
		t.Errorf("the older message of the topic is %s, want replaced", older.State)
	}

	s.page.Eval("kit.unsubscribe()", nil)
	// Chromium tells its service only after it has told the page.
	browsertest.Until(t, "the endpoint to be gone", func() (int, bool) {
		got := s.from.send(s.to, "too late")
		return got, got == http.StatusGone
	}, nil)
}

func pushIsRefused(t *testing.T, m machine) {
	s := newSite(t)
	m.permit(s.url, browsertest.Denied)
	page := m.tab()
	page.Open(s.url)
	var permission, end string
	page.Eval("Notification.permission", &permission)
	page.Eval("kit.subscribe('"+newSender(t, nil).public()+"').then(() => 'subscribed', (e) => e.name)", &end)
	if permission != "denied" || end != "NotAllowedError" {
		t.Errorf("permission is %q and subscribing ended with %q, want denied and NotAllowedError", permission, end)
	}
}
