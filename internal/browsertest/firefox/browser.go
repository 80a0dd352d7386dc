// Package firefox runs Debian's Firefox ESR without a screen, together with the
// services it talks to, and drives its pages by Marionette. Its tabs have the methods
// of package chromium's, so that a test can tell one story for both.
//
// Everything here fails the test by itself, with what the browser last said. What a
// tab has no method for is done with Marionette's own commands.
package firefox

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/autopush"
	"github.com/nod-idp/nod/internal/browsertest/marionette"
	"github.com/nod-idp/nod/internal/browsertest/notifications"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// A Browser is a running Firefox with an empty profile.
type Browser struct {
	// Push is the push service as senders see it.
	Push *pushservice.Service
	// Autopush is the push service as the browser sees it.
	Autopush *autopush.Service
	// Notifications is the desktop.
	Notifications *notifications.Daemon
	// Marionette is the connection that the browser is driven by.
	Marionette *marionette.Client

	t       testing.TB
	process *browsertest.Process
	windows map[string]bool // handles of the pages that a test has in its hands
	first   string          // the handle of the page that is always there
	current string          // the handle that commands go to
}

// Start starts the browser. It ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	browsertest.Turn(t)
	program := browsertest.Program(t, "firefox-esr", "firefox-esr")
	b := &Browser{t: t, Push: pushservice.New(t, autopush.Hosts...), Notifications: notifications.Start(t), windows: map[string]bool{}}
	b.Autopush = autopush.New(t, b.Push)

	dir := browsertest.Scratch(t)
	if err := profile(dir, b.Autopush.URL()); err != nil {
		t.Fatal(err)
	}
	// System access is for permissions, screens and the console, see system.go.
	cmd := exec.Command(program, "--headless", "--no-remote", "--profile", dir, "--marionette", "--remote-allow-system-access")
	cmd.Env = append(os.Environ(), append(b.Notifications.Environment(), "HOME="+dir, "MOZ_CRASHREPORTER_DISABLE=1")...)
	b.process = browsertest.Run(t, cmd)
	b.connect(filepath.Join(dir, "MarionetteActivePort"))
	return b
}

// Under makes the browser report to this test until it is over, so that several tests
// under one share a browser. What they open is closed with them.
func (b *Browser) Under(t testing.TB) *Browser {
	before := b.t
	b.t = t
	t.Cleanup(func() { b.t = before })
	return b
}

// connect waits for Firefox to write its port into the profile and opens a session.
func (b *Browser) connect(portFile string) {
	b.t.Helper()
	port := browsertest.Until(b.t, "Firefox to start", func() (string, bool) {
		text, err := os.ReadFile(portFile)
		return strings.TrimSpace(string(text)), err == nil && len(text) > 0
	}, func() string { return b.process.Printed(20) })
	client, err := marionette.Dial("127.0.0.1:"+port, browsertest.Patience)
	if err != nil {
		b.t.Fatalf("%v\n%s", err, b.process.Printed(20))
	}
	b.Marionette = client
	b.t.Cleanup(func() { _ = client.Close() })
	milliseconds := int(browsertest.Patience / time.Millisecond)
	b.call("start a session", "WebDriver:NewSession", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{
		"timeouts": map[string]int{"script": milliseconds, "pageLoad": milliseconds},
	}}}, nil)
	var at struct{ Value string }
	b.call("find the first page", "WebDriver:GetWindowHandle", nil, &at)
	b.first, b.current = at.Value, at.Value
	b.windows[b.first] = true
}

// call carries out a command or fails the test.
func (b *Browser) call(what, command string, params, into any) {
	b.t.Helper()
	if err := b.Marionette.Call(command, params, into); err != nil {
		b.t.Fatalf("%s: %v\n%s", what, err, b.story())
	}
}
