package mfa_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// withPIN is the approval of a PIN device by the real path: seal, server half, PIN.
func (p *phone) withPIN(t *testing.T, seal protocol.PINSeal, challengeID, number, pin string) protocol.Answer {
	t.Helper()
	half, err := p.w.PINHalf(t.Context(), p.device(), challengeID)
	must(t, err)
	secret, err := protocol.OpenPIN(seal, pin, half)
	must(t, err)
	a := p.approval(challengeID, number)
	r, err := p.w.Open(t.Context(), p.device(), challengeID, mfa.Origin{})
	must(t, err)
	question := protocol.Question(r.Approval(issuer, p.id, number, protocol.Approve))
	a.Passcode, err = otp.PushPasscode(secret, question[:])
	must(t, err)
	return a
}

func TestTheRightPINEarnsPinAndAWrongOneIsAWrongPasscode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		seal, err := protocol.SealPIN(p.begun.PINSecret, "4711", p.begun.PINSalt, p.begun.PINHalf, p.begun.PINIterations)
		must(t, err)
		ask := w.ask()
		id := w.start(ask)
		number := w.view(ask.LoginID, id).MatchNumber
		_, err = p.answer(p.withPIN(t, seal, id, number, "4712"))
		wantCode(t, "a wrong PIN", err, protocol.ErrWrongPasscode)
		if d := p.device(); d.PINFailures != 1 {
			t.Errorf("got %d wrong PINs, want 1", d.PINFailures)
		}
		a := p.withPIN(t, seal, id, number, "4711")
		if state, err := p.answer(a); err != nil || state != protocol.StateApproved {
			t.Fatalf("the right PIN: got %q, %v", state, err)
		}
		if d := p.device(); d.PINFailures != 0 {
			t.Errorf("got %d wrong PINs after a right one, want none", d.PINFailures)
		}
		var proof mfa.Proof
		must(t, w.Verify(t.Context(), ask.LoginID, id, a.Passcode, func(_ *db.Tx, p mfa.Proof) error {
			proof = p
			return nil
		}))
		if !slices.Equal(proof.Methods, []string{"otp", "pin", "swk"}) {
			t.Errorf("got methods %v, want otp, pin and swk", proof.Methods)
		}
	})
}

func TestThePushSecretApprovesNothingOnAPINDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		ask := w.ask()
		id := w.start(ask)
		p.begun.PINSecret = nil // so that passcodes are made with the push secret
		_, err := p.answer(p.approval(id, w.view(ask.LoginID, id).MatchNumber))
		wantCode(t, "the push secret", err, protocol.ErrWrongPasscode)
	})
}

func TestTenWrongPINsInARowDisableTheDeviceAcrossRequests(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		ask := w.ask()
		for i := 1; i <= 10; i++ {
			var id string
			if i%3 == 1 { // three tries for each request
				id = w.startAnew(ask)
			} else {
				must(t, w.DB.Get(t.Context(), &id, "SELECT id FROM challenges WHERE state = 'pending'"))
			}
			a := p.approval(id, w.view(ask.LoginID, id).MatchNumber)
			a.Passcode = differing(a.Passcode)
			_, err := p.answer(a)
			wantCode(t, "wrong PIN", err, protocol.ErrWrongPasscode)
			if got, want := p.device().State, map[bool]devices.State{false: devices.Active, true: devices.Suspended}[i == 10]; got != want {
				t.Fatalf("after %d: got %s, want %s", i, got, want)
			}
		}
		if n := w.audited("device.suspended", audit.OK); n != 1 {
			t.Errorf("got %d entries of the suspension, want 1", n)
		}
		var id string
		must(t, w.DB.Get(t.Context(), &id, "SELECT id FROM challenges WHERE state = 'pending'"))
		_, err := p.answer(p.approval(id, w.view(ask.LoginID, id).MatchNumber))
		wantCode(t, "the right PIN then", err, protocol.ErrDeviceSuspended)
		w.write(func(tx *db.Tx) error { return mfa.UnlockTx(tx, alice) })
		if _, err := w.try(ask); !errors.Is(err, mfa.ErrNoDevice) {
			t.Errorf("another request: got %v, want ErrNoDevice", err)
		}
	})
}

// A thief with the phone tries every PIN at once against one request. What is told to
// guesses that came too late must not depend on whether they were right.
func TestManyPINsAtOnceTellNoMoreThanThreeTries(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		for range 5 {
			ask := w.ask()
			id := w.startAnew(ask)
			right := p.approval(id, w.view(ask.LoginID, id).MatchNumber)
			wrong := right
			wrong.Passcode = differing(right.Passcode)
			var states [20]protocol.State
			errs := race(20, func(i int) (err error) {
				if i == 7 {
					states[i], err = p.answer(right)
				} else {
					states[i], err = p.answer(wrong)
				}
				return err
			})
			judged := 0
			for _, err := range errs {
				if errors.Is(err, protocol.ErrWrongPasscode) {
					judged++
				}
			}
			got := w.row(id)
			if judged > 3 || got.Tries != judged {
				t.Errorf("got %d guesses judged and %d counted, want three at most", judged, got.Tries)
			}
			if got.State == mfa.Failed {
				wantCode(t, "the right one, too late", errs[7], protocol.ErrFailed)
				for i, err := range errs {
					if !errors.Is(err, protocol.ErrWrongPasscode) {
						wantCode(t, "a wrong one, too late", errs[i], protocol.ErrFailed)
					}
				}
			}
			if p.device().State == devices.Suspended {
				must(t, w.Devices.Resume(t.Context(), alice, p.id))
			}
		}
	})
}

func TestTheServersHalfOfThePINIsReleasedForAnOpenRequestOfThisDeviceAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p, other, plain := w.phone(protocol.VerifyPIN), w.phoneOf(bob, protocol.VerifyPIN), w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		if half, err := w.PINHalf(ctx, p.device(), id); err != nil || !slices.Equal(half, p.begun.PINHalf) {
			t.Errorf("open: got %x, %v, want the half of enrolment", half, err)
		}
		_, err := w.PINHalf(ctx, other.device(), id)
		wantCode(t, "another person's device", err, protocol.ErrUnknownRequest)
		_, err = w.PINHalf(ctx, p.device(), "chl_nothing")
		wantCode(t, "no request", err, protocol.ErrUnknownRequest)
		_, err = w.PINHalf(ctx, plain.device(), id)
		wantCode(t, "a device without a PIN", err, protocol.ErrInvalidRequest)
		late := w.phone(protocol.VerifyPIN)
		_, err = w.PINHalf(ctx, late.device(), id)
		wantCode(t, "a device that was not asked", err, protocol.ErrUnknownRequest)
		_, err = plain.say(id, protocol.Deny)
		must(t, err)
		_, err = w.PINHalf(ctx, p.device(), id)
		wantCode(t, "answered", err, protocol.ErrAnsweredElsewhere)
		id = w.startAnew(ask)
		w.pass(120 * time.Second)
		_, err = w.PINHalf(ctx, p.device(), id)
		wantCode(t, "expired", err, protocol.ErrExpired)
		must(t, w.Devices.Suspend(ctx, alice, p.id, "user"))
		id = w.startAnew(ask)
		_, err = w.PINHalf(ctx, p.device(), id)
		wantCode(t, "suspended", err, protocol.ErrUnknownRequest)
	})
}

// "Nothing of it is optional, the client cannot choose the weaker one."
func TestABiometricDeviceApprovesNothingWithoutAnAssertion(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		w.write(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE devices SET verification = 'biometric' WHERE id = $1", p.id)
			return err
		})
		ask := w.ask()
		id := w.start(ask)
		a := p.approval(id, w.view(ask.LoginID, id).MatchNumber)
		for range 2 {
			_, err := p.answer(a)
			wantCode(t, "without", err, protocol.ErrWrongAssertion)
			a.Assertion = []byte(`{"id":"AAAA"}`)
		}
		w.wantState(id, mfa.Pending)
		_, err := p.say(id, protocol.Deny)
		must(t, err)
		w.wantState(id, mfa.Denied)
	})
}
