package e2e

import (
	"crypto/tls"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/devices/push/pushtest"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// eachWith runs a story against servers that know a push service of the test's own.
func eachWith(t *testing.T, story func(t *testing.T, w *world, service *pushtest.Service)) {
	t.Helper()
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return "" },
		"postgres": func() string { return dbtest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			service := pushtest.Start(t)
			w := startWith(t, server.Options{
				Place: config.Place{Database: database()}, PushHosts: []string{service.Host()}, OutboundAllow: []string{"127.0.0.1"},
				OutboundTLS: &tls.Config{RootCAs: service.Roots()},
			})
			story(t, w, service)
		})
	}
}

// subscribe gives a phone a subscription, as its app does.
func (w *world) subscribe(p *simulator.Phone, service *pushtest.Service) *pushtest.Installation {
	w.t.Helper()
	in := service.Subscribe(w.s.PushKey.PublicKey())
	w.hide(in.Endpoint, in.Endpoint[strings.LastIndex(in.Endpoint, "/")+1:])
	if err := w.s.Push.Subscriptions.Set(w.t.Context(), p.ID(), in.Subscription); err != nil {
		w.t.Fatal(err)
	}
	return in
}

// finish approves on the phone and signs in.
func (v *visit) finish(p *simulator.Phone, number string) {
	v.t.Helper()
	v.approve(p, number, "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	v.tokens(v.code())
}

// told reloads the page until it holds a text that is not hidden.
func (v *visit) told(text string) {
	v.t.Helper()
	for range 500 {
		v.reload("pending")
		if before, _, found := strings.Cut(string(v.page.Body), text); found && !strings.HasSuffix(before, "hidden>") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	v.t.Errorf("the page does not say %q", text)
}

// channel waits until the phone's channel is as wanted.
func (w *world) channel(p *simulator.Phone, what string, wanted func(push.Channel) bool) {
	w.t.Helper()
	var c push.Channel
	for range 500 {
		var err error
		if c, err = w.s.Push.Subscriptions.State(w.t.Context(), p.ID()); err != nil {
			w.t.Fatal(err)
		}
		if wanted(c) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Errorf("want %s, got %+v", what, c)
}

func TestThePhoneIsWokenAndAsks(t *testing.T) {
	eachWith(t, func(t *testing.T, w *world, service *pushtest.Service) {
		p := w.phone(w.user, "phone", "")
		in := w.subscribe(p, service)
		v := w.visit(w.browser(), w.app).password()
		number := v.ask()
		m, text := in.Next(t)
		var payload map[string]string
		if err := json.Unmarshal(text, &payload); err != nil || len(payload) != 2 || payload["device"] != p.ID() || payload["wake"] == "" {
			t.Errorf("got %s, %v", text, err)
		}
		if m.TTL < 110*time.Second || m.TTL > 120*time.Second || m.Urgency != "high" {
			t.Errorf("got TTL %s and urgency %s", m.TTL, m.Urgency)
		}
		w.channel(p, "delivered", func(c push.Channel) bool { return !c.DeliveredAt.IsZero() && c.Failure == "" })
		v.finish(p, number)
	})
}

func TestThePhoneIsWokenWhenAnotherDeviceIsAdded(t *testing.T) {
	eachWith(t, func(t *testing.T, w *world, service *pushtest.Service) {
		p := w.phone(w.user, "phone", "")
		in := w.subscribe(p, service)
		w.phone(w.user, "another", "")
		m, text := in.Next(t)
		var payload map[string]string
		if err := json.Unmarshal(text, &payload); err != nil || len(payload) != 2 || payload["device"] != p.ID() || payload["wake"] == "" {
			t.Errorf("got %s, %v", text, err)
		}
		if m.TTL < 23*time.Hour {
			t.Errorf("got TTL %s, want a day", m.TTL)
		}
		w.told(p, "device_added another")
	})
}

// "A login completes with every push service dead."
func TestALoginCompletesWithEveryPushServiceDead(t *testing.T) {
	for how, kill := range map[string]func(*pushtest.Service){
		"nobody listens":  (*pushtest.Service).Stop,
		"it hangs":        func(s *pushtest.Service) { s.Always(pushtest.Hang) },
		"it fails":        func(s *pushtest.Service) { s.Always(pushtest.Status(500)) },
		"it resets":       func(s *pushtest.Service) { s.Always(pushtest.Reset) },
		"it wants a day":  func(s *pushtest.Service) { s.Always(pushtest.Pause(429, "86400")) },
		"it forgot us":    func(s *pushtest.Service) { s.Always(pushtest.Status(403)) },
		"it forgot phone": func(s *pushtest.Service) { s.Always(pushtest.Status(410)) },
	} {
		t.Run(how, func(t *testing.T) {
			eachWith(t, func(t *testing.T, w *world, service *pushtest.Service) {
				p := w.phone(w.user, "phone", "")
				w.subscribe(p, service)
				kill(service)
				v := w.visit(w.browser(), w.app).password()
				began := time.Now()
				number := v.ask()
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("the page waited %s for the push service", took)
				}
				if len(number) != 2 {
					t.Errorf("got match number %q: the outage changed what is asked", number)
				}
				if how != "it hangs" { // which is known after five seconds
					v.told("The notification could not be delivered.")
				}
				v.finish(p, number)
			})
		})
	}
}
