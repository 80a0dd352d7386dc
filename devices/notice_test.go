package devices_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// told lists what a phone has to tell, as kind and about.
func (p *phone) told() (list []string) {
	p.h.t.Helper()
	notices, err := p.h.Notices(p.h.t.Context(), p.DeviceID)
	if err != nil {
		p.h.t.Fatal(err)
	}
	for _, n := range notices {
		if n.ID == "" || n.At.IsZero() {
			p.h.t.Errorf("got %+v", n)
		}
		list = append(list, n.Kind+" "+n.About)
	}
	return list
}

func wantTold(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
		return
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
}

func TestEveryOtherDeviceIsTold(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		first := h.enrolled(protocol.VerifyPlain)
		wantTold(t, "the only device", first.told())
		second := h.enrolled(protocol.VerifyPIN)
		wantTold(t, "the first, of the second", first.told(), "device_added Alice's phone")
		wantTold(t, "the second, of itself", second.told())
		if err := h.DB.Write(ctx, func(tx *db.Tx) error { return h.NotifyTx(tx, bob, "", devices.PasswordChanged, "") }); err != nil {
			t.Fatal(err)
		}
		wantTold(t, "the first, of somebody else", first.told(), "device_added Alice's phone")
		h.pass(time.Second)
		if err := h.Remove(ctx, alice, second.DeviceID, "user"); err != nil {
			t.Fatal(err)
		}
		wantTold(t, "the first, of the removal", first.told(), "device_added Alice's phone", "device_removed Alice's phone")
		wantTold(t, "the removed one", second.told())

		// A device that never became one is nobody's news.
		waiting := h.phone()
		if err := waiting.begin(h.link(true).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		if err := h.Remove(ctx, alice, waiting.DeviceID, "user"); err != nil {
			t.Fatal(err)
		}
		wantTold(t, "of one that was half made", first.told(), "device_added Alice's phone", "device_removed Alice's phone")
	})
}

func TestANoticeIsSeenOnceOnItsOwnDevice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		first, second := h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPlain)
		notices, err := h.Notices(ctx, first.DeviceID)
		if err != nil || len(notices) != 1 {
			t.Fatal(notices, err)
		}
		if err := h.SeenNotice(ctx, second.DeviceID, notices[0].ID); err != nil {
			t.Fatal(err)
		}
		wantTold(t, "seen on another device", first.told(), "device_added Alice's phone")
		for range 2 {
			if err := h.SeenNotice(ctx, first.DeviceID, notices[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		wantTold(t, "seen", first.told())
		if n := h.count("SELECT count(*) FROM audit WHERE action = 'device.notice.seen'"); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}

func TestANoticeIsToldForADayAndThenForgotten(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first := h.enrolled(protocol.VerifyPlain)
		h.enrolled(protocol.VerifyPlain)
		h.pass(24*time.Hour - time.Second)
		wantTold(t, "after a day, nearly", first.told(), "device_added Alice's phone")
		h.pass(time.Second)
		wantTold(t, "after a day", first.told())
		if _, err := h.Sweep(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		if n := h.count("SELECT count(*) FROM device_notices"); n != 0 {
			t.Errorf("got %d rows after the sweep", n)
		}
	})
}

func TestANoticeAndItsChangeAreOne(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, second := h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPlain)
		failed := errors.New("the rest failed")
		err := h.DB.Write(t.Context(), func(tx *db.Tx) error {
			return errors.Join(h.RemoveTx(tx, alice, second.DeviceID, "user"), failed)
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		wantTold(t, "of a removal that was rolled back", first.told(), "device_added Alice's phone")
	})
}

// pager stands in for Web Push.
type pager struct {
	mu      sync.Mutex
	answers []push.Outcome // of the next wake-ups; Delivered after that
	arrived chan string
}

// Wake answers as it was told to.
func (p *pager) Wake(_ context.Context, deviceID, wakeID string, _ time.Time) push.Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	got := push.Delivered
	if len(p.answers) > 0 {
		got, p.answers = p.answers[0], p.answers[1:]
	}
	p.arrived <- deviceID + " " + wakeID
	return push.Result{Outcome: got}
}

// wakes runs the job that wakes devices for notices.
func (h *house) wakes(answers ...push.Outcome) *pager {
	p := &pager{answers: answers, arrived: make(chan string, 100)}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		(&push.Waker{DB: h.DB, Queue: h.NoticeWakes(), Pager: p, Now: h.now, Log: slog.New(slog.DiscardHandler), LongestPause: time.Hour}).Run(ctx)
	}()
	h.t.Cleanup(func() { cancel(); <-done })
	return p
}

func (p *pager) next(t *testing.T) string {
	t.Helper()
	select {
	case got := <-p.arrived:
		return got
	case <-time.After(15 * time.Second):
		t.Fatal("no device was woken")
		return ""
	}
}

func (p *pager) none(t *testing.T, h *house) {
	t.Helper()
	if err := h.DB.Write(t.Context(), func(tx *db.Tx) error { tx.Announce("notices"); return nil }); err != nil {
		t.Fatal(err)
	}
	select {
	case got := <-p.arrived:
		t.Errorf("woke %s, want nobody", got)
	case <-time.After(150 * time.Millisecond):
	}
}

// subscribed pretends that a device has a subscription.
func (h *house) subscribed(deviceID string) {
	h.t.Helper()
	err := h.DB.Write(h.t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("INSERT INTO push_subscriptions (device_id, state, changed_at) VALUES ($1, 'active', 0)", deviceID)
		return err
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

// settled waits until the outcome of a try was noted.
func (h *house) settled(attempt int, failure push.Outcome) {
	h.t.Helper()
	for range 500 {
		if h.count("SELECT count(*) FROM device_notices WHERE attempts = $1 AND failure = $2 AND (next_at IS NULL) = $3",
			attempt, string(failure), failure == "") == 1 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	h.t.Error("what became of a wake-up was not noted")
}

func TestDevicesAreWokenForANotice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		reached, deaf, off, forbidden := h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPlain)
		for _, p := range []*phone{reached, off, forbidden} {
			h.subscribed(p.DeviceID)
		}
		if err := errors.Join(h.SetPush(t.Context(), alice, off.DeviceID, false), h.ForbidPush(t.Context(), alice, forbidden.DeviceID, true)); err != nil {
			t.Fatal(err)
		}
		p := h.wakes(push.Unreachable)
		h.pass(time.Second)
		p.none(t, h) // what was queued before there was a subscription is told when asked
		if err := h.DB.Write(t.Context(), func(tx *db.Tx) error { return h.NotifyTx(tx, alice, "", devices.PasswordChanged, "") }); err != nil {
			t.Fatal(err)
		}
		first := p.next(t)
		h.settled(1, push.Unreachable)
		p.none(t, h)
		h.pass(3 * time.Second)
		if again := p.next(t); again != first {
			t.Errorf("tried again as %s, want %s", again, first)
		}
		h.settled(2, "")
		h.pass(time.Hour)
		p.none(t, h)
		for _, phone := range []*phone{deaf, off, forbidden} {
			if told := phone.told(); len(told) == 0 || told[len(told)-1] != "password_changed " {
				t.Errorf("a device that is not woken has %q to tell", told)
			}
		}
	})
}
