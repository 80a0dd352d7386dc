// Package chromium runs Debian's Chromium without a screen, together with the services
// it talks to, and drives its pages by the DevTools protocol.
//
// The first profile is the phone: push messages and notifications work in it as they
// do for everyone. Elsewhere opens a page in a profile of its own, as another computer
// would have it: other cookies, no push.
//
// Everything here fails the test by itself, with what the page last said. What a tab
// has no method for is done with its Context and the packages chromedp and cdproto.
package chromium

import (
	"context"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/gcm"
	"github.com/nod-idp/nod/internal/browsertest/notifications"
	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// A Browser is a running Chromium with an empty profile.
type Browser struct {
	// Push is the push service as senders see it; nil if the browser has none.
	Push *pushservice.Service
	// GCM is the push service as the browser sees it; nil if the browser has none.
	GCM *gcm.Service
	// Notifications is the desktop.
	Notifications *notifications.Daemon

	t       testing.TB
	ctx     context.Context // owns the browser and an empty page
	workers *workers
	windows windows
}

// Start starts the browser with a push service. It ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	push := pushservice.New(t, gcm.Hosts...)
	service := gcm.New(t, push)
	b := launch(t, service.Switches())
	b.Push, b.GCM = push, service
	return b
}

// StartWithoutPush starts the browser as behind a firewall that lets no push service
// through: subscribing never comes to an end, not even to a bad one.
func StartWithoutPush(t testing.TB) *Browser {
	t.Helper()
	const nobody = "127.0.0.1:1"
	return launch(t, map[string]string{
		"gcm-checkin-url":      "http://" + nobody + "/checkin",
		"gcm-registration-url": "http://" + nobody + "/register3",
		"gcm-mcs-endpoint":     "https://" + nobody,
	})
}

// Under makes the browser report to this test until it is over, so that several tests
// under one share a browser. What they open is closed with them.
func (b *Browser) Under(t testing.TB) *Browser {
	before := b.t
	b.t = t
	t.Cleanup(func() { b.t = before })
	return b
}

func launch(t testing.TB, switches map[string]string) *Browser {
	t.Helper()
	browsertest.Turn(t)
	// The wrapper that Debian puts in the path adds switches of its own.
	program := browsertest.Program(t, "chromium", "/usr/lib/chromium/chromium", "chromium", "chromium-browser", "google-chrome")
	b := &Browser{Notifications: notifications.Start(t), t: t, windows: windows{}}

	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.UserDataDir(browsertest.Scratch(t)), // trust in the push service's key depends on it
		chromedp.NoSandbox,                           // Chromium has no sandbox for root
		chromedp.Env(b.Notifications.Environment()...),
		chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-pings", true),
		chromedp.Flag("lang", "en-US"),
	)
	for name, value := range switches {
		options = append(options, chromedp.Flag(name, value))
	}
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	var cancel context.CancelFunc
	// chromedp writes to the log that a new window has no document yet, which is no
	// error; those that matter are returned.
	b.ctx, cancel = chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(cancel)
	if err := chromedp.Do(b.ctx); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	b.windows[chromedp.FromContext(b.ctx).Target.TargetID] = true
	b.workers = watchWorkers(t, b.ctx)
	return b
}
