package mfa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/mfa"
)

func TestADeviceThatIsSnoozedIsNotAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(protocol.VerifyPlain)
		until := w.now().Add(time.Hour)
		must(t, w.Devices.Snooze(ctx, alice, p.id, until))
		ask := w.ask()
		if _, err := w.try(ask); !errors.Is(err, mfa.ErrNoDevice) {
			t.Errorf("got %v, want no device", err)
		}
		ways, err := w.Ways(ctx, ask)
		must(t, err)
		if len(ways.Push) != 0 || !ways.Typed || !ways.Quiet.Equal(until) {
			t.Errorf("got ways %+v", ways)
		}
		w.pass(time.Hour)
		if _, err := w.try(ask); err != nil {
			t.Errorf("after it: got %v", err)
		}
	})
}

// What a person changes about their own account needs this device, so it waits there
// until they look.
func TestASnoozedDeviceStillHoldsWhatOnlyItCanApprove(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		must(t, w.Devices.Snooze(t.Context(), alice, p.id, w.now().Add(time.Hour)))
		ask := w.ask()
		ask.Demand.Verified = true
		id := w.start(ask)
		open, err := w.Requests(t.Context(), p.device())
		if err != nil || len(open) != 1 || open[0].ID != id {
			t.Errorf("got %v, %v", open, err)
		}
	})
}

func TestSnoozingEndsWithinADayAndWhenever(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(protocol.VerifyPlain)
		must(t, w.Devices.Snooze(ctx, alice, p.id, w.now().Add(100*time.Hour)))
		if got, want := p.device().SnoozedUntil, w.now().Add(24*time.Hour); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
		must(t, w.Devices.Snooze(ctx, alice, p.id, time.Time{}))
		if _, err := w.try(w.ask()); err != nil {
			t.Errorf("ended: got %v", err)
		}
		if err := w.Devices.Snooze(ctx, bob, p.id, w.now().Add(time.Hour)); err == nil {
			t.Error("somebody else's device was snoozed")
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'device.snoozed'"); n != 2 {
			t.Errorf("got %d entries, want 2", n)
		}
	})
}
