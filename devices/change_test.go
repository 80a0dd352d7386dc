package devices_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

func TestOnlyTheOwnerChangesADevice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.enrolled(protocol.VerifyPlain).DeviceID
		for what, change := range map[string]func(user string) error{
			"suspend": func(u string) error { return h.Suspend(ctx, u, id, "user") },
			"rename":  func(u string) error { return h.Rename(ctx, u, id, "Mine") },
			"push":    func(u string) error { return h.SetPush(ctx, u, id, false) },
			"forbid":  func(u string) error { return h.ForbidPush(ctx, u, id, true) },
			"remove":  func(u string) error { return h.Remove(ctx, u, id, "user") },
		} {
			if err := change(bob); !errors.Is(err, devices.ErrNotFound) {
				t.Errorf("%s by somebody else: got %v, want ErrNotFound", what, err)
			}
		}
		d, err := h.Get(ctx, id)
		if err != nil || d.State != devices.Active || !d.PushOn || d.PushForbidden || d.Name != "Alice's phone" {
			t.Errorf("got %+v, %v, want it unchanged", d, err)
		}
	})
}

func TestARemovedDeviceIsErasedAndStaysSo(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, p := t.Context(), h.enrolled(protocol.VerifyPIN)
		if err := h.Remove(ctx, alice, p.DeviceID, "admin"); err != nil {
			t.Fatal(err)
		}
		h.wantErased(p.DeviceID)
		d := p.device()
		if d.Name != "Alice's phone" || d.Reason != "admin" || d.EndedAt.IsZero() {
			t.Errorf("history would say %+v", d)
		}
		if _, err := h.PINHalf(d); !errors.Is(err, devices.ErrNoSecret) {
			t.Errorf("the half: got %v, want ErrNoSecret", err)
		}
		if list, err := h.List(ctx, alice); err != nil || len(list) != 0 {
			t.Errorf("still listed: %v, %v", list, err)
		}
		for what, err := range map[string]error{
			"resume": h.Resume(ctx, alice, p.DeviceID), "rename": h.Rename(ctx, alice, p.DeviceID, "X"),
			"remove": h.Remove(ctx, alice, p.DeviceID, "user"), "push": h.SetPush(ctx, alice, p.DeviceID, true),
		} {
			if !errors.Is(err, devices.ErrNotFound) {
				t.Errorf("%s: got %v, want ErrNotFound", what, err)
			}
		}
	})
}

func TestANameIsVisible(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.enrolled(protocol.VerifyPlain).DeviceID
		for _, name := range []string{"", "  ", "a\nb", "ab\u202ecd", "\xff", strings.Repeat("x", 65)} {
			if err := h.Rename(ctx, alice, id, name); !errors.Is(err, devices.ErrBadName) {
				t.Errorf("%q: got %v, want ErrBadName", name, err)
			}
		}
		if err := h.Rename(ctx, alice, id, "  Älice's 電話 "); err != nil {
			t.Error(err)
		}
		if d, err := h.Get(ctx, id); err != nil || d.Name != "Älice's 電話" {
			t.Errorf("got %q, %v", d.Name, err)
		}
	})
}

func TestTenWrongPINsInARowDisableADevice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.enrolled(protocol.VerifyPIN).DeviceID
		fail := func() (disabled bool, err error) {
			err = h.DB.Write(ctx, func(tx *db.Tx) error { disabled, err = h.PINFailedTx(tx, id); return err })
			return disabled, err
		}
		for i := range 9 {
			if disabled, err := fail(); disabled || err != nil {
				t.Fatalf("wrong PIN %d: got %v, %v", i+1, disabled, err)
			}
		}
		if err := h.DB.Write(ctx, func(tx *db.Tx) error { return h.PINProvedTx(tx, id) }); err != nil {
			t.Fatal(err)
		}
		disabled := 0
		won := race(t, 30, func(err error) bool { return errors.Is(err, devices.ErrNotFound) }, func(int) error {
			now, err := fail()
			if now {
				h.mu.Lock()
				disabled++
				h.mu.Unlock()
			}
			return err
		})
		if won != 10 || disabled != 1 {
			t.Errorf("got %d counted and %d times disabled, want 10 and once", won, disabled)
		}
		d, err := h.Get(ctx, id)
		if err != nil || d.State != devices.Suspended || d.Reason != "pin" {
			t.Errorf("got %+v, %v, want it suspended for its PIN", d, err)
		}
		if err := h.Resume(ctx, alice, id); err != nil {
			t.Fatal(err)
		}
		if disabled, err := fail(); disabled || err != nil {
			t.Errorf("after it was resumed the count begins anew: got %v, %v", disabled, err)
		}
	})
}

func TestATypedPasscodeCountsOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, p, q := t.Context(), h.enrolled(protocol.VerifyPlain), h.enrolled(protocol.VerifyPIN)
		code := func(p *phone, at time.Time) string {
			text, err := otp.TOTP{}.Code(p.begun.TypedSecret, at)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		verify := func(user, code string) (device string, err error) {
			err = h.DB.Write(ctx, func(tx *db.Tx) error {
				d, err := h.VerifyTypedTx(tx, user, code, h.now())
				device = d.ID
				return err
			})
			return device, err
		}
		right := code(p, h.now())
		if _, err := verify(bob, right); !errors.Is(err, otp.ErrWrong) {
			t.Errorf("at another person's account: got %v, want ErrWrong", err)
		}
		spaced := right[:3] + " " + right[3:]
		won := race(t, 50, func(err error) bool { return errors.Is(err, otp.ErrReplayed) }, func(int) error {
			id, err := verify(alice, spaced)
			if err == nil && id != p.DeviceID {
				t.Errorf("got device %s, want %s", id, p.DeviceID)
			}
			return err
		})
		if won != 1 {
			t.Errorf("got %d accepted, want 1", won)
		}
		if _, err := verify(alice, code(p, h.now().Add(-30*time.Second))); !errors.Is(err, otp.ErrReplayed) {
			t.Errorf("an older passcode: got %v, want ErrReplayed", err)
		}
		if id, err := verify(alice, code(q, h.now())); err != nil || id != q.DeviceID {
			t.Errorf("the other phone's: got %s, %v", id, err)
		}
		h.pass(30 * time.Second)
		if _, err := verify(alice, code(p, h.now())); err != nil {
			t.Errorf("the next one: %v", err)
		}
		h.pass(30 * time.Second)
		if err := h.Suspend(ctx, alice, p.DeviceID, "user"); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(alice, code(p, h.now())); !errors.Is(err, otp.ErrWrong) {
			t.Errorf("of a suspended device: got %v, want ErrWrong", err)
		}
	})
}

func TestAnAnswerHoldsItsDeviceActive(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx, id := t.Context(), h.enrolled(protocol.VerifyPlain).DeviceID
		hold := func(user string) error {
			return h.DB.Write(ctx, func(tx *db.Tx) error { return h.HoldActiveTx(tx, user, id) })
		}
		if err := hold(alice); err != nil {
			t.Error(err)
		}
		if err := hold(bob); !errors.Is(err, devices.ErrNotFound) {
			t.Errorf("somebody else's: got %v, want ErrNotFound", err)
		}
		if err := h.Suspend(ctx, alice, id, "user"); err != nil {
			t.Fatal(err)
		}
		if err := hold(alice); !errors.Is(err, devices.ErrNotFound) {
			t.Errorf("suspended: got %v, want ErrNotFound", err)
		}
	})
}

func TestEveryChangeIsRecordedAnnouncedAndHoldsNoSecret(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		enrolments := h.DB.Subscribe(devices.EnrolmentsTopic(alice))
		defer enrolments.Close()
		link := h.link(true)
		p := h.phone()
		if err := p.begin(link.Token, protocol.VerifyPIN); err != nil {
			t.Fatal(err)
		}
		if _, err := p.prove(p.passcode()); err != nil {
			t.Fatal(err)
		}
		if err := h.Confirm(ctx, alice, link.ID); err != nil {
			t.Fatal(err)
		}
		select {
		case <-enrolments.C:
		default:
			t.Error("nobody was told of the enrolment")
		}
		changes := h.DB.Subscribe(devices.Topic(p.DeviceID))
		defer changes.Close()
		for _, change := range []func() error{
			func() error { return h.Rename(ctx, alice, p.DeviceID, "Other") },
			func() error { return h.SetPush(ctx, alice, p.DeviceID, false) },
			func() error { return h.SetPush(ctx, alice, p.DeviceID, false) }, // changes nothing
			func() error { return h.ForbidPush(ctx, alice, p.DeviceID, true) },
			func() error { return h.ForbidPush(ctx, alice, p.DeviceID, true) }, // changes nothing
			func() error { return h.Suspend(ctx, alice, p.DeviceID, "user") },
			func() error { return h.Resume(ctx, alice, p.DeviceID) },
			func() error { return h.Remove(ctx, alice, p.DeviceID, "user") },
		} {
			if err := change(); err != nil {
				t.Fatal(err)
			}
		}
		select {
		case <-changes.C:
		default:
			t.Error("nobody was told of the changes")
		}
		want := []string{
			"device.link.made", "device.enrolment.begun", "device.enrolment.proved", "device.enrolled",
			"device.renamed", "device.push.set", "device.push.forbidden", "device.suspended", "device.resumed", "device.removed",
		}
		got := h.journal()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		rows, err := audit.Last(ctx, h.DB, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			for _, secret := range [][]byte{p.begun.PushSecret, p.begun.PINSecret, p.begun.TypedSecret, p.begun.PINHalf} {
				if strings.Contains(r.Detail, base64.RawURLEncoding.EncodeToString(secret)) {
					t.Errorf("%s holds a secret", r.Action)
				}
			}
			if strings.Contains(r.Detail, link.Token) {
				t.Errorf("%s holds the link", r.Action)
			}
		}
	})
}

func TestTheSweepEndsWhatIsOver(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.link(false) // nobody uses it
		p := h.phone()
		if err := p.begin(h.link(true).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		done := h.enrolled(protocol.VerifyPlain)
		if n, err := h.Sweep(ctx, 100); n != 0 || err != nil {
			t.Errorf("before their time: got %d, %v", n, err)
		}
		h.pass(time.Hour)
		var swept int64
		race(t, 8, func(error) bool { return false }, func(int) error {
			n, err := h.Sweep(ctx, 100)
			h.mu.Lock()
			swept += n
			h.mu.Unlock()
			return err
		})
		if swept != 2 {
			t.Errorf("got %d swept, want 2, each once", swept)
		}
		if n := h.count("SELECT count(*) FROM audit WHERE action = 'device.enrolment.expired'"); n != 2 {
			t.Errorf("got %d audit entries, want 2", n)
		}
		h.wantErased(p.DeviceID)
		if state, err := p.status(); err != nil || state != protocol.EnrolStateExpired {
			t.Errorf("the phone is told %q, %v, want expired", state, err)
		}
		h.pass(8 * 24 * time.Hour)
		if n, err := h.Sweep(ctx, 2); n != 2 || err != nil {
			t.Errorf("a week later, two at a time: got %d, %v", n, err)
		}
		if n, err := h.Sweep(ctx, 2); n != 1 || err != nil {
			t.Errorf("and the rest: got %d, %v", n, err)
		}
		if _, err := h.Get(ctx, p.DeviceID); !errors.Is(err, devices.ErrNotFound) {
			t.Errorf("the device that never was: got %v, want ErrNotFound", err)
		}
		if err := done.requests(); err != nil {
			t.Errorf("the active device was swept: %v", err)
		}
	})
}
