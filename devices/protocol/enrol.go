package protocol

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// Kind says what sort of program a device is.
type Kind string

// The kinds of devices.
const (
	KindSoftware Kind = "software" // a terminal or a test
	KindWeb      Kind = "web"      // nod's own installable page
	KindNative   Kind = "native"   // a phone app
)

// Verification is how a device makes sure of its person before it approves.
type Verification string

// The ways of verification.
const (
	VerifyPlain     Verification = "plain"     // not at all: having the device is enough
	VerifyPIN       Verification = "pin"       // the PIN path
	VerifyBiometric Verification = "biometric" // a WebAuthn assertion with user verification
)

// EnrolState is where an enrolment stands.
type EnrolState string

// The states of an enrolment.
const (
	EnrolStateCredential EnrolState = "credential" // the WebAuthn credential is to be registered
	EnrolStateProve      EnrolState = "prove"      // one passcode is to be proved
	EnrolStateConfirm    EnrolState = "confirm"    // the person is to confirm in the browser
	EnrolStateActive     EnrolState = "active"
	EnrolStateRefused    EnrolState = "refused" // by the person, in the browser
	EnrolStateExpired    EnrolState = "expired"
)

// EnrolBegin asks to become a device. It consumes the token of the link and
// names the device's key, which every later request must be signed with.
type EnrolBegin struct {
	// Token is the secret of the enrolment link.
	Token string `json:"token"`
	// Name is what the person calls the device: 1 to 64 characters.
	Name string `json:"name"`
	Kind Kind   `json:"kind"`
	// Wants is the best verification that the device offers; the server's rule
	// decides what is done and may refuse.
	Wants Verification `json:"wants"`
}

func (m *EnrolBegin) check() error {
	if !isToken(m.Token, 256) {
		return errors.New("token is missing or malformed")
	}
	if n := utf8.RuneCountInString(m.Name); n < 1 || n > 64 || strings.ContainsFunc(m.Name, misleads) {
		return errors.New("name is not 1 to 64 visible characters")
	}
	switch m.Kind {
	case KindSoftware, KindWeb, KindNative:
	default:
		return errors.New("unknown kind")
	}
	switch m.Wants {
	case VerifyPlain, VerifyPIN, VerifyBiometric:
		return nil
	}
	return errors.New("unknown verification")
}

// Account is the person as the device shows them.
type Account struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"display_name"`
}

// EnrolBegun answers EnrolBegin. The secrets in it are sent this once.
type EnrolBegun struct {
	DeviceID string `json:"device_id"`
	// Issuer goes into every approval, as it is.
	Issuer       string       `json:"issuer"`
	Account      Account      `json:"account"`
	Verification Verification `json:"verification"`
	// MatchDigits is how many digits of a match number to expect, 0 for none.
	MatchDigits int `json:"match_digits"`
	// PushSecret makes push passcodes under plain and biometric verification.
	PushSecret Bytes `json:"push_secret"`
	// TypedSecret makes TOTP passcodes for typing.
	TypedSecret Bytes `json:"typed_secret"`
	// PINSecret makes push passcodes under PIN verification, and on the second path
	// of biometric verification where the rule has one. The device seals it with
	// SealPIN and forgets it, as it forgets PINHalf.
	PINSecret     Bytes `json:"pin_secret,omitempty"`
	PINSalt       Bytes `json:"pin_salt,omitempty"`
	PINHalf       Bytes `json:"pin_half,omitempty"`
	PINIterations int   `json:"pin_iterations,omitempty"`
	// Question is what EnrolProve answers, under the PIN secret if there is
	// one and under the push secret otherwise.
	Question Bytes `json:"question"`
	// Fingerprint is the server's view of Fingerprint(device key). A device
	// shows its own and treats a difference as an attack.
	Fingerprint string     `json:"fingerprint"`
	State       EnrolState `json:"state"`
	// Credential is what the WebAuthn credential has to be made with, under biometric
	// verification: PublicKeyCredentialCreationOptionsJSON (WebAuthn, section 5.1.8).
	Credential json.RawMessage `json:"credential,omitempty"`
	// PushKey is the application server key to subscribe with (RFC 8292, section 3.2), in
	// base64url; absent if this server wakes nobody.
	PushKey string `json:"push_key,omitempty"`
	// ConfirmURL is where the person confirms the device, if that is not the page
	// which shows the link.
	ConfirmURL string `json:"confirm_url,omitempty"`
}

// EnrolCredential hands in the WebAuthn credential: RegistrationResponseJSON, as
// PublicKeyCredential.toJSON makes it (WebAuthn, section 5.1).
type EnrolCredential struct {
	Credential json.RawMessage `json:"credential"`
}

func (m *EnrolCredential) check() error {
	if len(m.Credential) == 0 || m.Credential[0] != '{' {
		return errors.New("credential is not an object")
	}
	return nil
}

// EnrolProve shows that the secrets arrived and that the PIN, typed a second
// time, opens the sealed one.
type EnrolProve struct {
	Passcode string `json:"passcode"`
	// PINPasscode answers the same question under the PIN secret, where the PIN is a
	// second path beside biometric verification.
	PINPasscode string `json:"pin_passcode,omitempty"`
}

func (m *EnrolProve) check() error {
	if !isDigits(m.Passcode, 6, 6) {
		return errors.New("passcode is not six digits")
	}
	if m.PINPasscode != "" && !isDigits(m.PINPasscode, 6, 6) {
		return errors.New("PIN passcode is not six digits")
	}
	return nil
}

// EnrolStatus answers EnrolCredential, EnrolProve and the empty message of
// enrol/status.
type EnrolStatus struct {
	State       EnrolState `json:"state"`
	Fingerprint string     `json:"fingerprint"`
}
