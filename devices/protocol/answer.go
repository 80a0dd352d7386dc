package protocol

import (
	"encoding/json"
	"errors"
)

// Verdict is what the person decided.
type Verdict string

// The verdicts.
const (
	Approve Verdict = "approve"
	Deny    Verdict = "deny"
	Report  Verdict = "report" // "this was not me"
)

// Answer answers a challenge, once. Deny and report need the challenge and the
// verdict only; an approval needs everything that the account's verification
// demands.
type Answer struct {
	Challenge string  `json:"challenge"`
	Verdict   Verdict `json:"verdict"`
	// Number is the match number as it was typed, "" if there is none.
	Number string `json:"number,omitempty"`
	// Passcode is the push passcode for Question(approval).
	Passcode string `json:"passcode,omitempty"`
	// Hash is ApprovalHash(approval); the server computes its own and compares, so a
	// device that was shown something else is told apart from a wrong PIN.
	Hash Bytes `json:"hash,omitempty"`
	// Assertion is the WebAuthn assertion over Hash (its JSON serialisation by
	// PublicKeyCredential.toJSON), under biometric verification only.
	Assertion json.RawMessage `json:"assertion,omitempty"`
}

func (m *Answer) check() error {
	if !isToken(m.Challenge, 128) {
		return errors.New("challenge is missing or malformed")
	}
	if !isDigits(m.Number, 0, 8) {
		return errors.New("number is not up to eight digits")
	}
	if len(m.Hash) != 0 && len(m.Hash) != 32 {
		return errors.New("hash is not 32 bytes")
	}
	if len(m.Assertion) != 0 && m.Assertion[0] != '{' {
		return errors.New("assertion is not an object")
	}
	switch m.Verdict {
	case Deny, Report:
		return nil
	case Approve:
	default:
		return errors.New("unknown verdict")
	}
	if !isDigits(m.Passcode, 6, 6) {
		return errors.New("passcode is not six digits")
	}
	if len(m.Hash) == 0 {
		return errors.New("hash is missing")
	}
	return nil
}

// Answered answers Answer.
type Answered struct {
	State State `json:"state"`
	// TriesLeft is how many wrong numbers or passcodes the challenge still bears.
	TriesLeft *int `json:"tries_left,omitempty"`
}
