package protocol

import "fmt"

// Code is a stable machine-readable reason for a refusal. Codes are errors
// themselves, so errors.Is finds them under whatever wraps them, on the server
// as in a client that received one inside an Error.
type Code string

// Error makes a Code an error.
func (c Code) Error() string { return string(c) }

// What may be wrong with a request as such.
const (
	// ErrInvalidRequest: malformed JWS or message; the device has a bug.
	ErrInvalidRequest Code = "invalid_request"
	// ErrTooLarge: body or proof is above its limit.
	ErrTooLarge Code = "too_large"
	// ErrInvalidProof: body signature or DPoP proof does not hold.
	ErrInvalidProof Code = "invalid_proof"
	// ErrUseNonce: the proof's time is off; sign again with the nonce of the
	// DPoP-Nonce header (RFC 9449, section 8).
	ErrUseNonce Code = "use_dpop_nonce"
	// ErrReplayed: the proof's jti was seen before.
	ErrReplayed Code = "replayed"
	// ErrSlowDown: too many requests.
	ErrSlowDown Code = "slow_down"
	// ErrUnavailable: nod cannot answer now.
	ErrUnavailable Code = "unavailable"
)

// What may be wrong with the device or its enrolment.
const (
	// ErrUnknownDevice: no such device any more; forget the account.
	ErrUnknownDevice Code = "unknown_device"
	// ErrDeviceSuspended: the device is disabled, by the user, by an
	// administrator or by ten wrong PINs.
	ErrDeviceSuspended Code = "device_suspended"
	// ErrLinkUsed: the enrolment link is spent or never existed.
	ErrLinkUsed Code = "link_used"
	// ErrLinkExpired: the enrolment link or the enrolment is too old.
	ErrLinkExpired Code = "link_expired"
	// ErrVerificationRefused: the account's rule demands a verification that the device
	// does not offer. The link is not used up.
	ErrVerificationRefused Code = "verification_refused"
)

// What may be wrong with an answer.
const (
	// ErrUnknownRequest: no such challenge for this device.
	ErrUnknownRequest Code = "unknown_request"
	// ErrExpired: the challenge is over by time.
	ErrExpired Code = "expired"
	// ErrAnsweredElsewhere: another device, or an earlier answer, was first.
	ErrAnsweredElsewhere Code = "answered_elsewhere"
	// ErrSuperseded: the same browser has asked again.
	ErrSuperseded Code = "superseded"
	// ErrWithdrawn: the login was cancelled or finished by other means.
	ErrWithdrawn Code = "withdrawn"
	// ErrFailed: too many wrong numbers or passcodes.
	ErrFailed Code = "failed"
	// ErrWrongNumber: the typed match number is not the one on the login page.
	ErrWrongNumber Code = "wrong_number"
	// ErrWrongPasscode: the passcode is wrong, so the PIN probably is.
	ErrWrongPasscode Code = "wrong_passcode"
	// ErrWrongAssertion: the WebAuthn assertion is missing or does not hold.
	ErrWrongAssertion Code = "wrong_assertion"
	// ErrRefusedByPolicy: the device is too far from the browser that asks.
	ErrRefusedByPolicy Code = "refused_by_policy"
)

// Error is the body of every answer that is not 2xx.
type Error struct {
	// Code is for the program.
	Code Code `json:"error"`
	// Message is one plain sentence for a log or a last resort on screen.
	Message string `json:"message"`
	// TriesLeft says how often the person may still try; absent where tries
	// are not counted.
	TriesLeft *int `json:"tries_left,omitempty"`
	// ServerTime lets the device set its clock offset.
	ServerTime Time `json:"server_time"`
}

// Error makes a received error body an error.
func (e *Error) Error() string { return fmt.Sprintf("%s: %s", e.Code, e.Message) }

// Unwrap lets errors.Is find the code.
func (e *Error) Unwrap() error { return e.Code }
