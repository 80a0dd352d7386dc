package mfa_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/throttle"
	"github.com/nod-idp/nod/mfa/token"
)

var seed = []byte("12345678901234567890")

// owning lets people have tokens and recovery codes too.
func (w *world) owning() *world {
	w.Tokens = &token.Tokens{DB: w.DB, Box: w.Box, Now: w.now}
	w.Recovery = &recovery.Codes{DB: w.DB, Box: w.Box, Now: w.now}
	return w
}

func (w *world) token(userID string, s token.Seed) (t token.Token) {
	w.t.Helper()
	w.write(func(tx *db.Tx) error {
		added, err := w.Tokens.AddTx(tx, userID, "cli:test", s)
		t = slices.Concat(added, []token.Token{{}})[0]
		return err
	})
	return t
}

func (w *world) recoveryCodes(userID string) (codes []string) {
	w.t.Helper()
	set, err := w.Recovery.Find(w.t.Context(), userID)
	must(w.t, err)
	w.write(func(tx *db.Tx) (err error) {
		codes, err = w.Recovery.MakeTx(tx, userID, set.ID, "cli:test")
		return err
	})
	return codes
}

func (w *world) recoverWith(t mfa.Typed) error {
	return w.VerifyRecovery(w.t.Context(), t, func(*db.Tx, mfa.Proof) error { return nil })
}

func appCode(t testing.TB, now time.Time) string {
	t.Helper()
	code, err := otp.TOTP{Hash: otp.SHA1}.Code(seed, now)
	must(t, err)
	return code
}

func buttonCode(t testing.TB, counter uint64) string {
	t.Helper()
	code, err := otp.HOTP{}.Code(seed, counter)
	must(t, err)
	return code
}

func TestAPasscodeOfATokenIsAFactorAndWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning().phone(protocol.VerifyPlain)
		app := w.token(alice, token.Seed{Kind: token.TOTP, Name: "App", Secret: seed})
		var proof mfa.Proof
		must(t, w.VerifyTyped(t.Context(), typing(appCode(t, w.now())), func(_ *db.Tx, p mfa.Proof) error {
			proof = p
			return nil
		}))
		if proof.Token != app.ID || proof.DeviceID != "" || proof.Recovery || !slices.Equal(proof.Methods, []string{"otp"}) {
			t.Errorf("got proof %+v", proof)
		}
		var wrong *mfa.WrongPasscodeError
		for what, code := range map[string]string{
			"the same again": appCode(t, w.now()), "the step before": appCode(t, w.now().Add(-30*time.Second)),
			"with blanks": appCode(t, w.now())[:3] + " " + appCode(t, w.now())[3:], "the next": appCode(t, w.now().Add(30*time.Second)),
		} {
			if err := w.typedErr(typing(code)); !errors.As(err, &wrong) {
				t.Errorf("%s: got %v, want it wrong", what, err)
			}
		}
		w.pass(time.Minute)
		forbidden := typing(appCode(t, w.now()))
		forbidden.Demand.Methods = []mfa.Method{mfa.MethodPush}
		if err := w.typedErr(forbidden); !errors.As(err, &wrong) {
			t.Errorf("forbidden by policy: got %v, want it wrong", err)
		}
		w.pass(2 * time.Second)
		must(t, w.typedErr(typing(appCode(t, w.now()))))
	})
}

func TestATokenOfTwoNodesIsUsedOnceAndWaysTellOfIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning().token(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed, Digits: 8})
		ways, err := w.Ways(t.Context(), w.ask())
		must(t, err)
		if !ways.Typed || !ways.Long || ways.Recovery {
			t.Errorf("got ways %+v", ways)
		}
		code, err := otp.HOTP{Digits: 8}.Code(seed, 3)
		must(t, err)
		other := *w.Service
		other.Tokens = &token.Tokens{DB: w.DB, Box: w.Box, Now: w.now}
		nodes := []*mfa.Service{w.Service, &other}
		errs := race(8, func(i int) error {
			again := typing(code)
			again.IP = ips[i%len(ips)]
			return nodes[i%2].VerifyTyped(t.Context(), again, func(*db.Tx, mfa.Proof) error { return nil })
		})
		in := 0
		var wrong *mfa.WrongPasscodeError
		for _, err := range errs {
			if err == nil {
				in++
			} else if !errors.As(err, &wrong) {
				t.Errorf("got %v", err)
			}
		}
		if in != 1 {
			t.Errorf("got %d in, want 1", in)
		}
		forbidden := w.ask()
		forbidden.Demand.Methods = []mfa.Method{mfa.MethodPush}
		if ways, err = w.Ways(t.Context(), forbidden); err != nil || ways.Typed {
			t.Errorf("forbidden by policy: got %+v, %v", ways, err)
		}
	})
}

func TestOneThrottleForWhateverIsTyped(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.owning().phone(protocol.VerifyPlain)
		w.token(alice, token.Seed{Kind: token.HOTP, Name: "S1", Secret: seed})
		for range 5 {
			_ = w.typedErr(typing("000000"))
		}
		var wait *throttle.WaitError
		for what, code := range map[string]string{"a token": buttonCode(t, 0), "a device": p.typed()} {
			if err := w.typedErr(typing(code)); !errors.As(err, &wait) {
				t.Errorf("%s: got %v, want to wait", what, err)
			}
		}
		codes := w.recoveryCodes(alice)
		must(t, w.recoverWith(typing(codes[0]))) // another way, with counts of its own
		w.pass(2 * time.Second)
		must(t, w.typedErr(typing(buttonCode(t, 0)))) // was not used up while waiting
	})
}

func TestARecoveryCodeEndsAPauseAndItsRequestAndWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.owning().phone(protocol.VerifyPlain)
		codes := w.recoveryCodes(alice)
		paused := w.ask()
		_, err := p.say(w.start(paused), protocol.Report)
		must(t, err)
		w.wantPaused(paused)

		moved := errors.New("the login moved on")
		if err := w.VerifyRecovery(t.Context(), typing(codes[0]), func(*db.Tx, mfa.Proof) error { return moved }); !errors.Is(err, moved) {
			t.Errorf("got %v, want what went wrong", err)
		}
		var proof mfa.Proof
		must(t, w.VerifyRecovery(t.Context(), typing(codes[0]), func(_ *db.Tx, p mfa.Proof) error { // it was not used up
			proof = p
			return nil
		}))
		if !proof.Recovery || proof.UserID != alice || proof.DeviceID != "" || !slices.Equal(proof.Methods, []string{"otp"}) {
			t.Errorf("got proof %+v", proof)
		}
		id := w.start(w.ask())
		open := typing(codes[1])
		open.ChallengeID = id
		must(t, w.recoverWith(open))
		w.wantState(id, mfa.Withdrawn)
		if got := w.audited("recovery.used", audit.OK); got != 2 {
			t.Errorf("got %d entries, want 2", got)
		}
	})
}

func TestRecoveryCodesAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.owning().phone(protocol.VerifyPlain)
		codes, theirs := w.recoveryCodes(alice), w.recoveryCodes(bob)
		must(t, w.recoverWith(typing(codes[0])))
		var wrong *mfa.WrongPasscodeError
		var wait *throttle.WaitError
		verified, resistant, forbidden := typing(codes[1]), typing(codes[1]), typing(codes[1])
		verified.Demand.Verified, resistant.Demand.PhishingResistant = true, true
		forbidden.Demand.Methods = []mfa.Method{mfa.MethodPush, mfa.MethodPasscode}
		for what, used := range map[string]mfa.Typed{
			"used before": typing(codes[0]), "another person's": typing(theirs[0]), "no code": typing(""),
			"where the device has to verify": verified, "where only a passkey will do": resistant, "forbidden": forbidden,
		} {
			err := w.recoverWith(used)
			if !errors.As(err, &wrong) && !errors.As(err, &wait) {
				t.Errorf("%s: got %v, want it refused", what, err)
			}
			w.pass(time.Minute)
		}
		if got := w.audited("recovery.used", audit.Refused); got != 6 {
			t.Errorf("got %d refusals in the journal, want 6", got)
		}
		w.disable(alice, true)
		if err := w.recoverWith(typing(codes[1])); !errors.Is(err, mfa.ErrInactive) {
			t.Errorf("disabled: got %v, want ErrInactive", err)
		}
		w.disable(alice, false)
		w.recoveryCodes(alice)
		if err := w.recoverWith(typing(codes[1])); !errors.As(err, &wrong) {
			t.Errorf("of the set before: got %v, want it wrong", err)
		}
	})
}
