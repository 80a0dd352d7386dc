package notifications

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
)

// A Notification is what a browser shows. The body has a line of the browser's own
// with the origin, in Chromium before the text.
type Notification struct {
	ID      uint32
	Title   string
	Body    string
	Actions map[string]string // key to label; "default" is a click on the text itself
}

// Shown returns the notifications on the screen, oldest first.
func (d *Daemon) Shown() []Notification {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.open)
}

// History returns everything that was ever shown, each change of a notification too.
func (d *Daemon) History() []Notification {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.history)
}

// WaitFor waits until a notification with this text in its title or body is on the
// screen and returns it.
func (d *Daemon) WaitFor(t testing.TB, text string) Notification {
	t.Helper()
	return browsertest.Until(t, fmt.Sprintf("a notification with %q", text), func() (Notification, bool) {
		for _, n := range d.Shown() {
			if strings.Contains(n.Title, text) || strings.Contains(n.Body, text) {
				return n, true
			}
		}
		return Notification{}, false
	}, d.story)
}

// WaitForNone waits until the screen is empty.
func (d *Daemon) WaitForNone(t testing.TB) {
	t.Helper()
	browsertest.Until(t, "the notifications to go", func() (bool, bool) {
		return true, len(d.Shown()) == 0
	}, d.story)
}

// Click does what a person does: with "" a click on the notification, else on the
// button with that label. The notification stays until the worker closes it, as it
// does on desktops.
func (d *Daemon) Click(t testing.TB, n Notification, button string) {
	t.Helper()
	if !slices.ContainsFunc(d.Shown(), func(shown Notification) bool { return shown.ID == n.ID }) {
		t.Fatalf("click: the notification %q is gone\n%s", n.Title, d.story())
	}
	key, ok := n.key(button)
	if !ok {
		t.Fatalf("click: the notification %q has no button %q, it has %v", n.Title, button, n.Actions)
	}
	if err := d.emit("ActionInvoked", n.ID, key); err != nil {
		t.Fatalf("click: %v", err)
	}
}

// key returns the name of the action behind a button.
func (n Notification) key(button string) (string, bool) {
	if button == "" {
		return "default", true
	}
	for key, label := range n.Actions {
		if label == button && key != "default" {
			return key, true
		}
	}
	return "", false
}

// Close wipes a notification off the screen, as a person does who does not care.
func (d *Daemon) Close(t testing.TB, n Notification) {
	t.Helper()
	d.mu.Lock()
	known := d.remove(n.ID)
	d.mu.Unlock()
	if !known {
		t.Fatalf("close: the notification %q is gone\n%s", n.Title, d.story())
	}
	if err := d.emit("NotificationClosed", n.ID, uint32(closedByPerson)); err != nil {
		t.Fatalf("close: %v", err)
	}
}

// remove takes a notification off the list; the caller holds the lock.
func (d *Daemon) remove(id uint32) bool {
	before := len(d.open)
	d.open = slices.DeleteFunc(d.open, func(n Notification) bool { return n.ID == id })
	return len(d.open) < before
}

// story tells what was shown, for the text of a failure.
func (d *Daemon) story() string {
	lines := []string{"notifications so far:"}
	for _, n := range d.History() {
		lines = append(lines, fmt.Sprintf("  %d %q %q %v", n.ID, n.Title, n.Body, n.Actions))
	}
	lines = append(lines, fmt.Sprintf("on the screen: %d", len(d.Shown())))
	return strings.Join(lines, "\n")
}
