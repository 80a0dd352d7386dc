// Package otp computes and checks one-time passcodes: OCRA (RFC 6287) for
// approved sign-in requests, TOTP (RFC 6238) and HOTP (RFC 4226) for codes that
// a person types.
//
// It owns the algorithms and the rules that make a right passcode acceptable:
// secrets of a decent length, comparison in constant time, a step or counter
// that only moves forward. It leaves to its callers where secrets, steps and
// counters are kept, and the counting of wrong guesses.
//
// Words: a push passcode answers one question under a device's push or PIN
// secret; a typed passcode is TOTP or HOTP. The package is the only one that
// may import github.com/pquerna/otp, which accepts an empty secret and the same
// code twice; both are refused here.
package otp

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
)

// MinSecret is the shortest accepted secret in bytes: 128 bits, the least that
// RFC 4226, section 4 (R6), allows.
const MinSecret = 16

var (
	// ErrWeakSecret says that a secret is missing or shorter than MinSecret.
	ErrWeakSecret = errors.New("secret is shorter than 16 bytes")
	// ErrWrong says that a passcode is not the expected one.
	ErrWrong = errors.New("wrong passcode")
	// ErrReplayed says that a passcode is right, but was used already or is
	// older than one that was.
	ErrReplayed = errors.New("passcode was used already")
)

// Hash names the hash function under an HMAC. The empty Hash stands for the
// default of the place where it is used.
type Hash string

// The hash functions that the three standards know.
const (
	SHA1   Hash = "SHA1"
	SHA256 Hash = "SHA256"
	SHA512 Hash = "SHA512"
)

// constructor returns the function that makes this hash.
func (h Hash) constructor() (func() hash.Hash, error) {
	switch h {
	case SHA1:
		return sha1.New, nil
	case SHA256:
		return sha256.New, nil
	case SHA512:
		return sha512.New, nil
	}
	return nil, fmt.Errorf("unknown hash %q", string(h))
}

// checkSecret refuses secrets that would make every passcode guessable, the
// empty one of a row that was never filled above all.
func checkSecret(secret []byte) error {
	if len(secret) < MinSecret {
		return ErrWeakSecret
	}
	return nil
}
