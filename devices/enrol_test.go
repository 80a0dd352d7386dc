package devices_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
)

func TestALinkMakesADevice(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.link(false)
		if want := publicURL + devices.LinkPath + "#" + link.Token; link.URL != want || !link.ExpiresAt.Equal(h.now().Add(5*time.Minute)) {
			t.Errorf("got link %s until %s, want %s for five minutes", link.URL, link.ExpiresAt, want)
		}
		for _, wants := range []protocol.Verification{protocol.VerifyPlain, protocol.VerifyPIN} {
			p := h.enrolled(wants)
			d := p.device()
			if d.State != devices.Active || d.Verification != wants || d.UserID != alice || d.Name != "Alice's phone" ||
				!d.PushOn || d.ActivatedAt.IsZero() || d.Fingerprint() != p.begun.Fingerprint {
				t.Errorf("got %+v", d)
			}
			b := p.begun
			if b.Issuer != publicURL || b.Account.ID != alice || b.Account.Name != alice+"@example.com" || b.MatchDigits != 2 {
				t.Errorf("the phone was told %+v", b)
			}
			hasPIN := wants == protocol.VerifyPIN
			if (len(b.PINSecret) > 0) != hasPIN || (len(b.PINHalf) > 0) != hasPIN || (len(b.PINSalt) > 0) != hasPIN {
				t.Errorf("%s: the PIN path was handed out: %v, want %v", wants, !hasPIN, hasPIN)
			}
			push, err := h.PushSecret(d)
			if err != nil || !bytes.Equal(push, b.PushSecret) {
				t.Errorf("the push secret does not come back: %v", err)
			}
			approval, err := h.ApprovalSecret(d)
			if want := map[bool]protocol.Bytes{false: b.PushSecret, true: b.PINSecret}[hasPIN]; err != nil || !bytes.Equal(approval, want) {
				t.Errorf("%s: approvals are made with another path's secret (%v)", wants, err)
			}
			if err := p.requests(); err != nil {
				t.Errorf("the active device was not let in: %v", err)
			}
		}
		list, err := h.List(t.Context(), alice)
		if err != nil || len(list) != 2 {
			t.Errorf("got %d devices, %v, want 2", len(list), err)
		}
	})
}

func TestAPINDeviceNeverApprovesWithThePushSecret(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone()
		if err := p.begin(h.link(false).Token, protocol.VerifyPIN); err != nil {
			t.Fatal(err)
		}
		p.begun.PINSecret = nil // so that passcode() takes the push secret
		_, err := p.prove(p.passcode())
		wantCode(t, "proving by the push secret", err, protocol.ErrWrongPasscode)
	})
}

func TestADeviceThatIsToBeConfirmedWaitsForItsPerson(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		p := h.phone()
		if err := p.begin(h.link(true).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		if waiting, err := h.AwaitingConfirmation(ctx, alice); err != nil || len(waiting) != 0 {
			t.Errorf("before the passcode: got %v, %v, want nothing to confirm", waiting, err)
		}
		if state, err := p.prove(p.passcode()); err != nil || state != protocol.EnrolStateConfirm {
			t.Fatalf("prove: got %q, %v, want confirm", state, err)
		}
		waiting, err := h.AwaitingConfirmation(ctx, alice)
		if err != nil || len(waiting) != 1 {
			t.Fatalf("got %v, %v, want one device", waiting, err)
		}
		if w := waiting[0]; w.DeviceName != "Alice's phone" || w.Fingerprint != p.begun.Fingerprint || w.DeviceID != p.DeviceID {
			t.Errorf("the browser shows %+v", w)
		}
		wantCode(t, "answering before the confirmation", p.requests(), protocol.ErrInvalidRequest)
		if active, err := h.Active(ctx, alice); err != nil || len(active) != 0 {
			t.Errorf("active before the confirmation: %v, %v", active, err)
		}
		id := waiting[0].EnrolmentID
		if err := h.Confirm(ctx, bob, id); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("somebody else confirms: got %v, want ErrNotWaiting", err)
		}
		won := race(t, 20, func(err error) bool { return errors.Is(err, devices.ErrNotWaiting) },
			func(int) error { return h.Confirm(ctx, alice, id) })
		if won != 1 {
			t.Errorf("got %d confirmations, want 1", won)
		}
		if state, err := p.status(); err != nil || state != protocol.EnrolStateActive {
			t.Errorf("the phone is told %q, %v, want active", state, err)
		}
		if err := p.requests(); err != nil {
			t.Errorf("the confirmed device was not let in: %v", err)
		}
	})
}

func TestARefusedDeviceIsErased(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		p := h.phone()
		if err := p.begin(h.link(true).Token, protocol.VerifyPIN); err != nil {
			t.Fatal(err)
		}
		if _, err := p.prove(p.passcode()); err != nil {
			t.Fatal(err)
		}
		waiting, err := h.AwaitingConfirmation(ctx, alice)
		if err != nil || len(waiting) != 1 {
			t.Fatal(waiting, err)
		}
		if err := h.Refuse(ctx, bob, waiting[0].EnrolmentID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("somebody else refuses: got %v", err)
		}
		if err := h.Refuse(ctx, alice, waiting[0].EnrolmentID); err != nil {
			t.Fatal(err)
		}
		if err := h.Confirm(ctx, alice, waiting[0].EnrolmentID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("confirming afterwards: got %v, want ErrNotWaiting", err)
		}
		if state, err := p.status(); err != nil || state != protocol.EnrolStateRefused {
			t.Errorf("the phone is told %q, %v, want refused", state, err)
		}
		wantCode(t, "asking for requests", p.requests(), protocol.ErrUnknownDevice)
		h.wantErased(p.DeviceID)
	})
}

func TestALinkIsWithdrawnBeforeItsUse(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.link(true)
		if err := h.Refuse(t.Context(), alice, link.ID); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "using it", h.phone().begin(link.Token, protocol.VerifyPlain), protocol.ErrLinkUsed)
	})
}

func TestOfFiftyPhonesThatRaceForALinkOneGetsIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.link(false)
		phones := make([]*phone, 50)
		for i := range phones {
			phones[i] = h.phone()
		}
		won := race(t, len(phones), func(err error) bool { return errors.Is(err, protocol.ErrLinkUsed) },
			func(i int) error { return phones[i].begin(link.Token, protocol.VerifyPlain) })
		if n := h.count("SELECT count(*) FROM devices"); won != 1 || n != 1 {
			t.Errorf("got %d winners and %d devices, want 1 and 1", won, n)
		}
		if !slices.Contains(h.journal(), "!device.link.used") {
			t.Error("nothing was recorded of a link that was tried again")
		}
	})
}

func TestWhatIsWrongWithALinkIsSaidAndUsesNothingUp(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.link(false)
		other := h.link(false).Token
		begin := func(change func(*protocol.EnrolBegin)) error {
			msg := protocol.EnrolBegin{Token: link.Token, Name: "Phone", Kind: protocol.KindSoftware, Wants: protocol.VerifyPlain}
			change(&msg)
			_, err := h.Begin(t.Context(), h.phone().sign(protocol.VerbEnrolBegin, msg))
			return err
		}
		for what, row := range map[string]struct {
			change func(*protocol.EnrolBegin)
			want   protocol.Code
		}{
			"a token that was never made":      {func(m *protocol.EnrolBegin) { m.Token = "nol_" + strings.Repeat("A", 48) }, protocol.ErrLinkUsed},
			"two halves of different tokens":   {func(m *protocol.EnrolBegin) { m.Token = m.Token[:20] + other[20:] }, protocol.ErrLinkUsed},
			"a shortened token":                {func(m *protocol.EnrolBegin) { m.Token = m.Token[:len(m.Token)-1] }, protocol.ErrLinkUsed},
			"no token":                         {func(m *protocol.EnrolBegin) { m.Token = "" }, protocol.ErrInvalidRequest},
			"a name of spaces":                 {func(m *protocol.EnrolBegin) { m.Name = "   " }, protocol.ErrInvalidRequest},
			"biometrics in a terminal":         {func(m *protocol.EnrolBegin) { m.Wants = protocol.VerifyBiometric }, protocol.ErrVerificationRefused},
			"a web app that verifies nobody":   {func(m *protocol.EnrolBegin) { m.Kind = protocol.KindWeb }, protocol.ErrVerificationRefused},
			"a web app that can only do a PIN": {func(m *protocol.EnrolBegin) { m.Kind, m.Wants = protocol.KindWeb, protocol.VerifyPIN }, protocol.ErrVerificationRefused},
			"an unknown kind":                  {func(m *protocol.EnrolBegin) { m.Kind = "toaster" }, protocol.ErrInvalidRequest},
		} {
			wantCode(t, what, begin(row.change), row.want)
		}
		if err := begin(func(*protocol.EnrolBegin) {}); err != nil {
			t.Fatalf("the link was used up by a refusal: %v", err)
		}
		wantCode(t, "using it again", begin(func(*protocol.EnrolBegin) {}), protocol.ErrLinkUsed)
	})
}

func TestALateLinkIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.link(false)
		h.pass(5*time.Minute - time.Millisecond)
		p := h.phone()
		early := p.sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{Token: link.Token, Name: "P", Kind: protocol.KindSoftware, Wants: protocol.VerifyPlain})
		h.pass(time.Millisecond)
		_, err := h.Begin(t.Context(), early)
		wantCode(t, "at the end of its life", err, protocol.ErrLinkExpired)
		if _, err := h.Sweep(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "after the sweep", h.phone().begin(link.Token, protocol.VerifyPlain), protocol.ErrLinkExpired)
	})
}

func TestAClaimedLinkLeavesTimeToFinish(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link := h.link(true)
		h.pass(4*time.Minute + 50*time.Second)
		p := h.phone()
		if err := p.begin(link.Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		h.pass(4 * time.Minute)
		if state, err := p.prove(p.passcode()); err != nil || state != protocol.EnrolStateConfirm {
			t.Fatalf("prove: got %q, %v", state, err)
		}
		waiting, err := h.AwaitingConfirmation(t.Context(), alice)
		if err != nil || len(waiting) != 1 {
			t.Fatal(waiting, err)
		}
		h.pass(time.Minute)
		if err := h.Confirm(t.Context(), alice, waiting[0].EnrolmentID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("confirming too late: got %v, want ErrNotWaiting", err)
		}
		if state, err := p.status(); err != nil || state != protocol.EnrolStateExpired {
			t.Errorf("the phone is told %q, %v, want expired", state, err)
		}
	})
}

func TestALinkFromBeforeARestoreIsVoid(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		link, waiting := h.link(false), h.phone()
		if err := waiting.begin(h.link(true).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		old := h.enrolled(protocol.VerifyPlain)
		h.Epoch++
		wantCode(t, "the link", h.phone().begin(link.Token, protocol.VerifyPlain), protocol.ErrLinkUsed)
		if state, err := waiting.prove(waiting.passcode()); err != nil || state != protocol.EnrolStateExpired {
			t.Errorf("the enrolment under way: got %q, %v, want expired", state, err)
		}
		if err := old.requests(); err != nil {
			t.Errorf("the device outlives the restore, but got %v", err)
		}
	})
}

func TestAKeyEnrolsOnce(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled(protocol.VerifyPlain)
		again := &phone{h: h, Signer: protocol.Signer{Key: p.Key, PublicURL: publicURL}}
		link := h.link(false)
		wantCode(t, "the same key", again.begin(link.Token, protocol.VerifyPlain), protocol.ErrInvalidRequest)
		if err := h.Remove(t.Context(), alice, p.DeviceID, "user"); err != nil {
			t.Fatal(err)
		}
		wantCode(t, "the key of a removed device", again.begin(link.Token, protocol.VerifyPlain), protocol.ErrInvalidRequest)
		if err := h.phone().begin(link.Token, protocol.VerifyPlain); err != nil {
			t.Errorf("the link was used up by a refusal: %v", err)
		}
	})
}

func TestThreeWrongPasscodesEndAnEnrolment(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.phone()
		if err := p.begin(h.link(false).Token, protocol.VerifyPIN); err != nil {
			t.Fatal(err)
		}
		wrong := p.passcode()[:5] + string('0'+(p.passcode()[5]-'0'+1)%10)
		for left := 2; left >= 0; left-- {
			_, err := p.prove(wrong)
			var told *protocol.Error
			if !errors.As(err, &told) || told.Code != protocol.ErrWrongPasscode || told.TriesLeft == nil || *told.TriesLeft != left {
				t.Fatalf("got %v, want wrong_passcode with %d tries left", err, left)
			}
		}
		_, err := p.prove(p.passcode())
		wantCode(t, "the right one, too late", err, protocol.ErrUnknownDevice)
		if state, err := p.status(); err != nil || state != protocol.EnrolStateRefused {
			t.Errorf("the phone is told %q, %v, want refused", state, err)
		}
		h.wantErased(p.DeviceID)
	})
}

func TestAnAnswerThatWasLostCanBeAskedForAgain(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		p := h.enrolled(protocol.VerifyPlain)
		if state, err := p.prove(p.passcode()); err != nil || state != protocol.EnrolStateActive {
			t.Errorf("got %q, %v, want active", state, err)
		}
	})
}

func TestNobodyEnrolsForAClosedAccount(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		link := h.link(false)
		p, waiting := h.phone(), h.phone()
		if err := p.begin(h.link(false).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		if err := waiting.begin(h.link(true).Token, protocol.VerifyPlain); err != nil {
			t.Fatal(err)
		}
		if _, err := waiting.prove(waiting.passcode()); err != nil {
			t.Fatal(err)
		}
		pending, err := h.AwaitingConfirmation(ctx, alice)
		if err != nil || len(pending) != 1 {
			t.Fatal(pending, err)
		}
		h.disable(alice)
		if _, err := h.Link(ctx, devices.LinkRequest{UserID: alice}); !errors.Is(err, devices.ErrNoAccount) {
			t.Errorf("making a link: got %v, want ErrNoAccount", err)
		}
		wantCode(t, "using one", h.phone().begin(link.Token, protocol.VerifyPlain), protocol.ErrLinkUsed)
		if state, err := p.prove(p.passcode()); err != nil || state != protocol.EnrolStateProve {
			t.Errorf("proving: got %q, %v, want no progress", state, err)
		}
		if err := h.Confirm(ctx, alice, pending[0].EnrolmentID); !errors.Is(err, devices.ErrNotWaiting) {
			t.Errorf("confirming: got %v, want ErrNotWaiting", err)
		}
		if n := h.count("SELECT count(*) FROM devices WHERE state = 'active'"); n != 0 {
			t.Errorf("got %d active devices, want none", n)
		}
	})
}

func TestALinkLivesNoLongerThanAMonth(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, valid := range []time.Duration{-time.Minute, time.Millisecond, devices.LongestLink + time.Second} {
			if _, err := h.Link(t.Context(), devices.LinkRequest{UserID: alice, Valid: valid}); err == nil {
				t.Errorf("a link of %s was made", valid)
			}
		}
		if n := h.count("SELECT count(*) FROM enrolments"); n != 0 {
			t.Errorf("got %d links, want none", n)
		}
	})
}

// wantErased fails if a secret of the device is still stored.
func (h *house) wantErased(id string) {
	h.t.Helper()
	if n := h.count(`SELECT count(*) FROM devices WHERE id = $1 AND state = 'removed' AND push_secret IS NULL
		AND pin_secret IS NULL AND typed_secret IS NULL AND pin_half IS NULL`, id); n != 1 {
		h.t.Error("secrets of the removed device are still there")
	}
}
