package otp

import (
	"crypto/subtle"
	"encoding/hex"
	"fmt"
)

const (
	// PushSuite is the OCRA suite of every push passcode.
	PushSuite = "OCRA-1:HOTP-SHA256-6:QH64"
	// PushQuestionSize is the length of a push question in bytes.
	PushQuestionSize = 32
)

// PushPasscode computes the six digits that answer a question under a device's
// push or PIN secret. The question is a SHA-256 hash, handed to OCRA as 64
// hexadecimal digits, so no two questions share an encoding.
func PushPasscode(secret, question []byte) (string, error) {
	if len(question) != PushQuestionSize {
		return "", fmt.Errorf("question has %d bytes, not %d", len(question), PushQuestionSize)
	}
	suite, err := ParseSuite(PushSuite)
	if err != nil {
		return "", err
	}
	return suite.Response(secret, Input{Question: hex.EncodeToString(question)})
}

// VerifyPushPasscode returns nil if the passcode answers the question, ErrWrong
// if it does not, and another error if the secret or the question is unusable.
// It takes equally long for every wrong passcode of six digits.
func VerifyPushPasscode(secret, question []byte, passcode string) error {
	want, err := PushPasscode(secret, question)
	if err != nil {
		return err
	}
	if !equal(want, Normalize(passcode)) {
		return ErrWrong
	}
	return nil
}

// equal compares two passcodes in constant time.
func equal(want, got string) bool {
	return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1
}
