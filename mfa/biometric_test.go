package mfa_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// reader is a phone with a fingerprint reader.
type reader struct {
	*phone
	finger *credentialtest.Authenticator
}

// reader enrols one of alice's under a rule.
func (w *world) reader(rule devices.Rule) reader {
	w.t.Helper()
	ctx := w.t.Context()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	link, err := w.Devices.Link(ctx, devices.LinkRequest{UserID: alice, MadeBy: "cli:test", Rule: rule})
	must(w.t, err)
	signer := protocol.Signer{Key: key, PublicURL: issuer}
	body, proof, err := signer.Sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{
		Token: link.Token, Name: "Alice's Pixel", Kind: protocol.KindWeb, Wants: protocol.VerifyBiometric,
	}, w.now())
	must(w.t, err)
	begun, err := w.Devices.Begin(ctx, devices.Incoming{Verb: protocol.VerbEnrolBegin, Proof: proof, Body: body})
	must(w.t, err)
	r := reader{&phone{w: w, id: begun.DeviceID, begun: begun}, credentialtest.New(w.t, issuer, "login.example.com")}
	_, err = w.Devices.Register(ctx, r.device(), r.finger.Create(begun.Credential))
	must(w.t, err)
	msg := protocol.EnrolProve{Passcode: r.under(begun.PushSecret, begun.Question)}
	if begun.PINSecret != nil {
		msg.PINPasscode = r.under(begun.PINSecret, begun.Question)
	}
	status, err := w.Devices.Prove(ctx, r.device(), msg)
	must(w.t, err)
	if status.State != protocol.EnrolStateActive {
		w.t.Fatalf("enrol: got %s", status.State)
	}
	return r
}

func (r reader) under(secret, question []byte) string {
	r.w.t.Helper()
	code, err := otp.PushPasscode(secret, question)
	must(r.w.t, err)
	return code
}

// touched is an approval with the passcode of the biometric path and an assertion over
// what it says.
func (r reader) touched(challengeID, number string) protocol.Answer {
	r.w.t.Helper()
	a := r.without(challengeID, number, r.begun.PushSecret)
	a.Assertion = r.finger.Get(a.Hash)
	return a
}

// without is an approval with a passcode under a secret and no assertion.
func (r reader) without(challengeID, number string, secret []byte) protocol.Answer {
	r.w.t.Helper()
	request, err := r.w.Open(r.w.t.Context(), r.device(), challengeID, mfa.Origin{})
	must(r.w.t, err)
	shown := request.Approval(issuer, r.id, number, protocol.Approve)
	hash, question := protocol.ApprovalHash(shown), protocol.Question(shown)
	return protocol.Answer{
		Challenge: challengeID, Verdict: protocol.Approve, Number: number, Hash: hash[:], Passcode: r.under(secret, question[:]),
	}
}

// asked is a login of alice's that waits, with its match number.
func (w *world) asked() (ask mfa.Ask, id, number string) {
	w.t.Helper()
	ask = w.ask()
	id = w.startAnew(ask)
	return ask, id, w.view(ask.LoginID, id).MatchNumber
}

// proof verifies an approved challenge and returns what it proved.
func (w *world) proof(ask mfa.Ask, id, passcode string) (proof mfa.Proof) {
	w.t.Helper()
	must(w.t, w.Verify(w.t.Context(), ask.LoginID, id, passcode, func(_ *db.Tx, p mfa.Proof) error {
		proof = p
		return nil
	}))
	return proof
}

func TestATouchOfTheSensorApproves(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		ask, id, number := w.asked()
		a := r.touched(id, number)
		if state, err := r.answer(a); err != nil || state != protocol.StateApproved {
			t.Fatalf("got %q, %v", state, err)
		}
		p := w.proof(ask, id, a.Passcode)
		if !p.Numbered || !slices.Equal(p.Methods, []string{"otp", "swk", "user"}) {
			t.Errorf("got proof %+v", p)
		}
	})
}

func TestAnApprovalWithoutARightTouchIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		for what, spoil := range map[string]func(a *protocol.Answer){
			"no assertion":           func(a *protocol.Answer) { a.Assertion = nil },
			"an empty one":           func(a *protocol.Answer) { a.Assertion = []byte("{}") },
			"one by somebody else's": func(a *protocol.Answer) { a.Assertion = credentialtest.New(t, issuer, "login.example.com").Get(a.Hash) },
			"one of another page": func(a *protocol.Answer) {
				a.Assertion = spoiled(r, func(f *credentialtest.Authenticator) { f.Origin = "https://evil.example" }).Get(a.Hash)
			},
			"a touch without verification": func(a *protocol.Answer) {
				a.Assertion = spoiled(r, func(f *credentialtest.Authenticator) { f.Flags = credentialtest.Present }).Get(a.Hash)
			},
			"one over another hash": func(a *protocol.Answer) { a.Assertion = r.finger.Get(make([]byte, 32)) },
		} {
			_, id, number := w.asked()
			a := r.touched(id, number)
			spoil(&a)
			_, err := r.answer(a)
			wantCode(t, what, err, protocol.ErrWrongAssertion)
			w.wantState(id, mfa.Pending)
			if tries := w.row(id).Tries; tries != 1 {
				t.Errorf("%s: counted %d times, want once", what, tries)
			}
		}
	})
}

func spoiled(r reader, change func(*credentialtest.Authenticator)) *credentialtest.Authenticator {
	other := *r.finger
	change(&other)
	return &other
}

func TestTheNumberIsPartOfWhatWasTouchedFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		_, id, number := w.asked()
		a := r.touched(id, differing(number))
		_, err := r.answer(a)
		wantCode(t, "a wrong number", err, protocol.ErrWrongNumber)
		right := r.without(id, number, r.begun.PushSecret)
		right.Assertion = a.Assertion // touched for the wrong one
		_, err = r.answer(right)
		wantCode(t, "a number put in after the touch", err, protocol.ErrWrongAssertion)
	})
}

func TestAWrongTouchLearnsNothingAboutTheNumber(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		_, id, number := w.asked()
		for _, n := range []string{number, differing(number)} {
			a := r.without(id, n, r.begun.PushSecret)
			_, err := r.answer(a)
			wantCode(t, "number "+n+" without a touch", err, protocol.ErrWrongAssertion)
		}
	})
}

func TestABiometricDeviceHasNoOtherPath(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader(devices.RuleBiometric)
		_, id, number := w.asked()
		_, err := r.answer(r.without(id, number, r.begun.TypedSecret))
		wantCode(t, "the typed secret instead", err, protocol.ErrWrongAssertion)
		if _, err := w.PINHalf(t.Context(), r.device(), id); err == nil {
			t.Error("a device without PIN got the server's half")
		}
		a := r.without(id, number, r.begun.TypedSecret)
		a.Assertion = r.finger.Get(a.Hash)
		_, err = r.answer(a)
		wantCode(t, "a touch with the wrong secret", err, protocol.ErrWrongPasscode)
		if d := r.device(); d.PINFailures != 0 {
			t.Errorf("a wrong passcode counted as %d wrong PINs", d.PINFailures)
		}
	})
}

func TestAPINAsSecondPathIsOneWhereTheRuleSaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader(devices.RuleBiometricWithPIN)
		ask, id, number := w.asked()
		_, err := r.answer(r.without(id, number, r.begun.PushSecret))
		wantCode(t, "the push secret without a touch", err, protocol.ErrWrongPasscode)
		if d := r.device(); d.PINFailures != 1 {
			t.Errorf("got %d wrong PINs, want 1", d.PINFailures)
		}
		if _, err := w.PINHalf(t.Context(), r.device(), id); err != nil {
			t.Errorf("the server's half: got %v", err)
		}
		a := r.without(id, number, r.begun.PINSecret)
		if _, err := r.answer(a); err != nil {
			t.Fatalf("by PIN: got %v", err)
		}
		if p := w.proof(ask, id, a.Passcode); !slices.Equal(p.Methods, []string{"otp", "pin", "swk"}) {
			t.Errorf("by PIN: got methods %v", p.Methods)
		}
		ask, id, number = w.asked()
		a = r.touched(id, number)
		if _, err := r.answer(a); err != nil {
			t.Fatalf("by touch: got %v", err)
		}
		if p := w.proof(ask, id, a.Passcode); !slices.Equal(p.Methods, []string{"otp", "swk", "user"}) {
			t.Errorf("by touch: got methods %v", p.Methods)
		}
		_, id, number = w.asked()
		a = r.without(id, number, r.begun.PINSecret)
		a.Assertion = r.finger.Get(a.Hash)
		_, err = r.answer(a)
		wantCode(t, "a touch with the PIN's secret", err, protocol.ErrWrongPasscode)
	})
}

func TestTenWrongPINsOfASecondPathDisableTheDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader(devices.RuleBiometricWithPIN)
		for range devices.WrongPINs {
			_, id, number := w.asked()
			if _, err := r.answer(r.without(id, number, r.begun.PushSecret)); err == nil {
				t.Fatal("a wrong PIN was accepted")
			}
		}
		if d := r.device(); d.State != devices.Suspended {
			t.Errorf("got %s with %d wrong PINs, want suspended", d.State, d.PINFailures)
		}
	})
}

func TestACopiedCounterIsToldInTheJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		for range 2 {
			_, id, number := w.asked()
			if _, err := r.answer(r.touched(id, number)); err != nil {
				t.Fatal(err)
			}
			r.finger.Count = 1
			w.pass(time.Hour)
		}
		if n := w.audited("device.credential.regressed", audit.OK); n != 1 {
			t.Errorf("told %d times, want once", n)
		}
	})
}

func TestTheBrowserThatAsksNeedsNoNumberAndNoOtherDoes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		r := w.reader("")
		ask, id, number := w.asked()
		for browser, want := range map[string]bool{ask.Browser: true, "browser-2": false, "": false} {
			if request, err := w.Open(ctx, r.device(), id, mfa.Origin{Browser: browser}); err != nil || request.SameBrowser != want {
				t.Errorf("from %q: told %v, %v, want %v", browser, request.SameBrowser, err, want)
			}
		}
		blank := r.touched(id, "")
		for _, browser := range []string{"", "browser-2"} {
			_, err := w.Answer(ctx, r.device(), blank, mfa.Origin{Browser: browser})
			wantCode(t, "no number from "+browser, err, protocol.ErrWrongNumber)
		}
		_, err := w.Answer(ctx, r.device(), r.touched(id, differing(number)), mfa.Origin{Browser: ask.Browser}) // the third try
		wantCode(t, "a wrong number from the right browser", err, protocol.ErrWrongNumber)

		ask, id, _ = w.asked()
		blank = r.touched(id, "")
		if _, err := w.Answer(ctx, r.device(), blank, mfa.Origin{Browser: ask.Browser}); err != nil {
			t.Fatalf("from the browser that asks: got %v", err)
		}
		if p := w.proof(ask, id, blank.Passcode); !p.Numbered {
			t.Error("an answer from the browser that asks does not count as bound to it")
		}
	})
}

func TestTheBrowserThatAsksStillNeedsTheTouch(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		ask, id, _ := w.asked()
		_, err := w.Answer(t.Context(), r.device(), r.without(id, "", r.begun.PushSecret), mfa.Origin{Browser: ask.Browser})
		wantCode(t, "on this device without a touch", err, protocol.ErrWrongAssertion)
	})
}
