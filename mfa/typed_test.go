package mfa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

// typed is what the phone's display shows.
func (p *phone) typed() string {
	p.w.t.Helper()
	code, err := otp.TOTP{}.Code(p.begun.TypedSecret, p.w.now())
	must(p.w.t, err)
	return code
}

func typing(code string) mfa.Typed {
	return mfa.Typed{UserID: alice, LoginID: "log_1", ClientID: "mail", Code: code, IP: "192.0.2.7"}
}

func (w *world) typedErr(t mfa.Typed) error {
	return w.VerifyTyped(w.t.Context(), t, func(*db.Tx, mfa.Proof) error { return nil })
}

func TestATypedPasscodeIsAFactorOfItsOwnAndWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		w.phone(protocol.VerifyPlain)
		var proof mfa.Proof
		must(t, w.VerifyTyped(t.Context(), typing(p.typed()), func(_ *db.Tx, p mfa.Proof) error {
			proof = p
			return nil
		}))
		if proof.UserID != alice || proof.DeviceID != p.id || proof.ChallengeID != "" || proof.Numbered ||
			len(proof.Methods) != 1 || proof.Methods[0] != "otp" {
			t.Errorf("got proof %+v, want otp alone", proof)
		}
		var wrong *mfa.WrongPasscodeError
		if err := w.typedErr(typing(p.typed())); !errors.As(err, &wrong) {
			t.Errorf("the second time: got %v, want it wrong", err)
		}
		w.pass(30 * time.Second)
		code := p.typed()
		errs := race(20, func(i int) error {
			again := typing(code)
			again.IP = ips[i%len(ips)] // so that nobody has to wait
			return w.typedErr(again)
		})
		n := 0
		for _, err := range errs {
			var closed *throttle.ClosedError
			if err == nil {
				n++
			} else if !errors.As(err, &wrong) && !errors.As(err, &closed) {
				t.Errorf("got %v", err)
			}
		}
		if n != 1 {
			t.Errorf("at once: got %d in, want 1", n)
		}
		if got := w.audited("passcode.typed", audit.OK); got != 2 {
			t.Errorf("got %d entries, want 2", got)
		}
		if got := w.audited("passcode.typed", audit.Refused); got != 20 {
			t.Errorf("got %d refusals in the journal, want 20", got)
		}
	})
}

var ips = []string{"192.0.2.7", "198.51.100.1", "203.0.113.1", "198.51.101.1", "198.51.102.1", "198.51.103.1"}

func TestNoPasscodePosesAsATypedOne(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		var wrong *mfa.WrongPasscodeError
		push := p.approval(id, w.view(ask.LoginID, id).MatchNumber).Passcode
		if push != p.typed() {
			if err := w.typedErr(typing(push)); !errors.As(err, &wrong) {
				t.Errorf("a push passcode: got %v, want it wrong", err)
			}
		}
		other := w.phoneOf(bob, protocol.VerifyPlain)
		if err := w.typedErr(typing(other.typed())); !errors.As(err, &wrong) {
			t.Errorf("another person's passcode: got %v, want it wrong", err)
		}
		if err := w.typedErr(typing("")); !errors.As(err, &wrong) {
			t.Errorf("nothing: got %v, want it wrong", err)
		}
		w.wantState(id, mfa.Pending)
	})
}

func TestATypedPasscodeEndsThePauseOfItsOwnKindOfBrowser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		stranger, home := w.ask(), w.askFrom("home", "brw_home")
		for _, ask := range []mfa.Ask{stranger, home} {
			_, err := p.say(w.start(ask), protocol.Report)
			must(t, err)
		}
		must(t, w.typedErr(typing(p.typed())))
		w.wantPaused(home)
		_, err := p.say(w.start(stranger), protocol.Report)
		must(t, err)
		w.pass(30 * time.Second)
		known := typing(p.typed())
		known.KnownBrowser = "brw_home"
		must(t, w.typedErr(known))
		w.wantPaused(stranger)
		w.start(home)
	})
}

func TestATypedPasscodeWithdrawsTheRequestOfItsLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		typed := typing(p.typed())
		typed.ChallengeID = id
		moved := errors.New("the login moved on")
		if err := w.VerifyTyped(t.Context(), typed, func(*db.Tx, mfa.Proof) error { return moved }); !errors.Is(err, moved) {
			t.Errorf("got %v, want what went wrong", err)
		}
		w.wantState(id, mfa.Pending)
		if n := w.count("SELECT count(*) FROM attempts"); n != 0 {
			t.Errorf("got %d guesses still counted as under way, want none", n)
		}
		must(t, w.typedErr(typed)) // it was not used up
		w.wantState(id, mfa.Withdrawn)
	})
}

func TestWrongTypedPasscodesAreThrottledAndARightOneBeginsAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		for i := range 5 {
			var wrong *mfa.WrongPasscodeError
			if err := w.typedErr(typing(differing(p.typed()))); !errors.As(err, &wrong) {
				t.Errorf("guess %d: got %v, want it wrong", i, err)
			}
		}
		var wait *throttle.WaitError
		if err := w.typedErr(typing(p.typed())); !errors.As(err, &wait) || !wait.Until.Equal(w.now().Add(time.Second)) {
			t.Errorf("got %v, want a wait of a second", err)
		}
		w.pass(time.Second)
		must(t, w.typedErr(typing(p.typed())))
		w.pass(30 * time.Second)
		must(t, w.typedErr(typing(p.typed())))
	})
}

func TestWhoMayNotSignInTypesInVain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		w.disable(alice, true)
		if err := w.typedErr(typing(p.typed())); !errors.Is(err, mfa.ErrInactive) {
			t.Errorf("disabled: got %v, want ErrInactive", err)
		}
		w.disable(alice, false)
		var wrong *mfa.WrongPasscodeError
		strict := typing(p.typed())
		strict.Demand.RefuseSoftware = true
		if err := w.typedErr(strict); !errors.As(err, &wrong) {
			t.Errorf("a software device that policy refuses: got %v, want it wrong", err)
		}
		must(t, w.typedErr(typing(p.typed()))) // it was not used up
		must(t, w.Devices.Suspend(t.Context(), alice, p.id, "user"))
		w.pass(30 * time.Second)
		if err := w.typedErr(typing(p.typed())); !errors.As(err, &wrong) {
			t.Errorf("a suspended device: got %v, want it wrong", err)
		}
	})
}
