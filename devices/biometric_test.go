package devices_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/credential/credentialtest"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
)

// reader is a phone with a fingerprint reader.
type reader struct {
	*phone
	*credentialtest.Authenticator
}

func (h *house) reader() reader {
	h.t.Helper()
	return reader{h.phone(), credentialtest.New(h.t, publicURL, "login.example.com")}
}

// ruled is a link with a rule of its own.
func (h *house) ruled(rule devices.Rule) devices.Link {
	h.t.Helper()
	link, err := h.Link(h.t.Context(), devices.LinkRequest{UserID: alice, MadeBy: "cli:test", Rule: rule})
	if err != nil {
		h.t.Fatal(err)
	}
	return link
}

func (r reader) claim(link devices.Link, wants protocol.Verification) error {
	r.h.t.Helper()
	begun, err := r.h.Begin(r.h.t.Context(), r.sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{
		Token: link.Token, Name: "Alice's Pixel", Kind: protocol.KindWeb, Wants: wants,
	}))
	r.begun, r.DeviceID = begun, begun.DeviceID
	return err
}

func (r reader) register(credential []byte) (protocol.EnrolState, error) {
	d, _, err := r.h.Authenticate(r.h.t.Context(), r.sign(protocol.VerbEnrolCredential, protocol.EnrolCredential{Credential: credential}))
	if err != nil {
		return "", err
	}
	status, err := r.h.Register(r.h.t.Context(), d, credential)
	return status.State, err
}

func (r reader) passcodeUnder(secret []byte) string {
	r.h.t.Helper()
	code, err := otp.PushPasscode(secret, r.begun.Question)
	if err != nil {
		r.h.t.Fatal(err)
	}
	return code
}

func TestAPhoneEnrolsWithItsFingerprintReader(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.reader()
		if err := r.claim(h.ruled(""), protocol.VerifyBiometric); err != nil {
			t.Fatal(err)
		}
		if b := r.begun; b.Verification != protocol.VerifyBiometric || b.State != protocol.EnrolStateCredential || len(b.Credential) == 0 || b.PINSecret != nil {
			t.Fatalf("got %s, %s and the options %s", b.Verification, b.State, b.Credential)
		}
		if _, err := r.prove(r.passcode()); !errors.Is(err, protocol.ErrInvalidRequest) {
			t.Errorf("a passcode before the credential: got %v, want invalid_request", err)
		}
		if state, err := r.status(); err != nil || state != protocol.EnrolStateCredential {
			t.Errorf("before the credential: got %s, %v", state, err)
		}
		made := r.Create(r.begun.Credential)
		for range 2 { // the second time the answer was lost
			if state, err := r.register(made); err != nil || state != protocol.EnrolStateProve {
				t.Fatalf("register: got %s, %v", state, err)
			}
		}
		if state, err := r.prove(r.passcode()); err != nil || state != protocol.EnrolStateActive {
			t.Fatalf("prove: got %s, %v", state, err)
		}
		hash := bytes.Repeat([]byte{1}, 32)
		if _, err := h.VerifyAssertion(t.Context(), r.device(), hash, r.Get(hash)); err != nil {
			t.Errorf("an assertion afterwards: got %v", err)
		}
		if !slices.Contains(h.journal(), "device.credential.registered") {
			t.Error("the registration is not in the journal")
		}
	})
}

func TestACredentialForAnotherEnrolmentIsRefused(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, second := h.reader(), h.reader()
		for _, r := range []reader{first, second} {
			if err := r.claim(h.ruled(""), protocol.VerifyBiometric); err != nil {
				t.Fatal(err)
			}
		}
		first.begun.Credential, second.begun.Credential = second.begun.Credential, first.begun.Credential
		for _, r := range []reader{first, second} {
			if _, err := r.register(r.Create(r.begun.Credential)); !errors.Is(err, protocol.ErrWrongAssertion) {
				t.Errorf("a credential made for another link and key: got %v, want wrong_assertion", err)
			}
		}
	})
}

func TestOneCredentialDoesNotServeTwoDevices(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		first, second := h.reader(), h.reader()
		second.Authenticator = first.Authenticator
		for i, r := range []reader{first, second} {
			if err := r.claim(h.ruled(""), protocol.VerifyBiometric); err != nil {
				t.Fatal(err)
			}
			_, err := r.register(r.Create(r.begun.Credential))
			if i == 0 && err != nil || i == 1 && !errors.Is(err, protocol.ErrWrongAssertion) {
				t.Errorf("registration %d: got %v", i, err)
			}
		}
	})
}

func TestOfManyRegistrationsOneIsKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.reader()
		if err := r.claim(h.ruled(""), protocol.VerifyBiometric); err != nil {
			t.Fatal(err)
		}
		made := make([][]byte, 20)
		for i := range made {
			made[i] = credentialtest.New(t, publicURL, "login.example.com").Create(r.begun.Credential)
		}
		d := r.device()
		race(t, len(made), func(error) bool { return false }, func(i int) error {
			_, err := h.Register(t.Context(), d, made[i])
			return err
		})
		if n := h.count("SELECT count(*) FROM audit WHERE action = 'device.credential.registered'"); n != 1 {
			t.Errorf("%d credentials were registered, want 1", n)
		}
	})
}

func TestRulesAreKept(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		for _, row := range []struct {
			rule  devices.Rule
			wants protocol.Verification
			got   protocol.Verification // "" for a refusal
			pin   bool
		}{
			{devices.RuleBiometric, protocol.VerifyBiometric, protocol.VerifyBiometric, false},
			{devices.RuleBiometric, protocol.VerifyPIN, "", false},
			{devices.RuleBiometric, protocol.VerifyPlain, "", false},
			{devices.RuleBiometricOrPIN, protocol.VerifyBiometric, protocol.VerifyBiometric, false},
			{devices.RuleBiometricOrPIN, protocol.VerifyPIN, protocol.VerifyPIN, true},
			{devices.RuleBiometricOrPIN, protocol.VerifyPlain, "", false},
			{devices.RuleBiometricWithPIN, protocol.VerifyBiometric, protocol.VerifyBiometric, true},
			{devices.RuleBiometricWithPIN, protocol.VerifyPIN, "", false},
			{devices.RulePIN, protocol.VerifyBiometric, protocol.VerifyPIN, true},
			{devices.RulePIN, protocol.VerifyPIN, protocol.VerifyPIN, true},
			{devices.RulePIN, protocol.VerifyPlain, "", false},
			{devices.RulePlain, protocol.VerifyBiometric, protocol.VerifyPlain, false},
			{devices.RulePlain, protocol.VerifyPIN, protocol.VerifyPlain, false},
		} {
			r := h.reader()
			link := h.ruled(row.rule)
			err := r.claim(link, row.wants)
			if row.got == "" {
				wantCode(t, string(row.rule)+" for "+string(row.wants), err, protocol.ErrVerificationRefused)
				if err := h.phone().begin(link.Token, protocol.VerifyPIN); errors.Is(err, protocol.ErrLinkUsed) {
					t.Errorf("%s: the refusal used up the link", row.rule)
				}
				continue
			}
			if err != nil || r.begun.Verification != row.got || (r.begun.PINSecret != nil) != row.pin {
				t.Errorf("%s for %s: got %q with a PIN %v, %v", row.rule, row.wants, r.begun.Verification, r.begun.PINSecret != nil, err)
			}
		}
	})
}

func TestBothPathsAreProved(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.reader()
		if err := r.claim(h.ruled(devices.RuleBiometricWithPIN), protocol.VerifyBiometric); err != nil {
			t.Fatal(err)
		}
		if _, err := r.register(r.Create(r.begun.Credential)); err != nil {
			t.Fatal(err)
		}
		prove := func(passcode, pin string) error {
			_, err := h.Prove(t.Context(), r.device(), protocol.EnrolProve{Passcode: passcode, PINPasscode: pin})
			return err
		}
		right, rightPIN := r.passcodeUnder(r.begun.PushSecret), r.passcodeUnder(r.begun.PINSecret)
		wantCode(t, "no passcode under the PIN", prove(right, ""), protocol.ErrWrongPasscode)
		wantCode(t, "one secret for both", prove(right, right), protocol.ErrWrongPasscode)
		if err := prove(right, rightPIN); err != nil || r.device().State != devices.Active {
			t.Errorf("both: got %v, %s", err, r.device().State)
		}
	})
}

func TestAServerWithoutANameOffersNoBiometrics(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		h.PublicURL = "http://127.0.0.1:8080"
		r := h.reader()
		r.PublicURL = h.PublicURL
		link := h.ruled("")
		wantCode(t, "biometrics at an address", r.claim(link, protocol.VerifyBiometric), protocol.ErrVerificationRefused)
		if err := h.Biometric(); err == nil {
			t.Error("it says that biometrics are possible")
		}
	})
}

func TestAnEnrolmentThatWaitsForItsCredentialExpires(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.reader()
		if err := r.claim(h.ruled(""), protocol.VerifyBiometric); err != nil {
			t.Fatal(err)
		}
		h.pass(25 * time.Hour)
		_, err := h.Register(t.Context(), r.device(), r.Create(r.begun.Credential))
		wantCode(t, "a credential a day later", err, protocol.ErrLinkExpired)
	})
}

func TestARemovedDeviceLosesItsCredential(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		r := h.reader()
		if err := r.claim(h.ruled(""), protocol.VerifyBiometric); err != nil {
			t.Fatal(err)
		}
		if _, err := r.register(r.Create(r.begun.Credential)); err != nil {
			t.Fatal(err)
		}
		d := r.device()
		if err := h.Remove(t.Context(), alice, d.ID, "user"); err != nil {
			t.Fatal(err)
		}
		hash := bytes.Repeat([]byte{1}, 32)
		if _, err := h.VerifyAssertion(t.Context(), d, hash, r.Get(hash)); !errors.Is(err, devices.ErrWrongAssertion) {
			t.Errorf("an assertion by a removed device: got %v", err)
		}
	})
}
