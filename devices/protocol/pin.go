package protocol

import (
	"crypto/hkdf"
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
)

const (
	// PINIterations is how many PBKDF2 iterations a new PIN gets.
	PINIterations = 600_000
	// MaxPINIterations bounds the time that a damaged record can cost.
	MaxPINIterations = 100_000_000
	// PINSecretSize is the length of the PIN secret and of the server's half.
	PINSecretSize = 32
	// MinPINSalt is the least length of the salt.
	MinPINSalt = 16

	pinInfo = "nod-pin-v1"
)

// PINSeal is what a device stores of the PIN path. Without the server's half
// it says nothing about PIN or secret, and with it every PIN yields a secret,
// so only the server can tell the right one.
type PINSeal struct {
	// Salt is random, and new whenever the PIN changes, as the secret is:
	// two seals of one secret would let a thief who has the half test PINs.
	Salt Bytes `json:"salt"`
	// Iterations is stored so that the default may rise; never below PINIterations.
	Iterations int `json:"iterations"`
	// Sealed is the secret XORed with the stream.
	Sealed Bytes `json:"sealed"`
}

// ValidPIN refuses what is not 4 to 12 digits.
func ValidPIN(pin string) error {
	if !isDigits(pin, 4, 12) {
		return errors.New("PIN is not 4 to 12 digits")
	}
	return nil
}

// SealPIN hides a PIN secret under the PIN and the server's half. 0 iterations
// mean PINIterations.
func SealPIN(secret []byte, pin string, salt, half []byte, iterations int) (PINSeal, error) {
	if len(secret) != PINSecretSize {
		return PINSeal{}, fmt.Errorf("PIN secret has %d bytes, not %d", len(secret), PINSecretSize)
	}
	if iterations == 0 {
		iterations = PINIterations
	}
	seal := PINSeal{Salt: salt, Iterations: iterations, Sealed: secret}
	sealed, err := OpenPIN(seal, pin, half)
	if err != nil {
		return PINSeal{}, err
	}
	seal.Sealed = sealed
	return seal, nil
}

// OpenPIN returns the secret that this PIN yields. It cannot fail because of a
// wrong PIN: the passcode made from the result is wrong, and the server counts it.
func OpenPIN(seal PINSeal, pin string, half []byte) ([]byte, error) {
	if err := ValidPIN(pin); err != nil {
		return nil, err
	}
	if len(seal.Salt) < MinPINSalt || len(half) != PINSecretSize || len(seal.Sealed) != PINSecretSize {
		return nil, errors.New("PIN salt, half or sealed secret has a wrong length")
	}
	if seal.Iterations < PINIterations || seal.Iterations > MaxPINIterations {
		return nil, fmt.Errorf("%d PIN iterations are not %d to %d", seal.Iterations, PINIterations, MaxPINIterations)
	}
	stream, err := pinStream(pin, seal.Salt, half, seal.Iterations)
	if err != nil {
		return nil, err
	}
	opened := make([]byte, PINSecretSize)
	subtle.XORBytes(opened, seal.Sealed, stream)
	return opened, nil
}

// pinStream is HKDF-SHA256 over PBKDF2(PIN) ‖ half. The half makes the stream
// unknown to a thief of the device; PBKDF2 makes PINs slow to try for somebody
// who has both.
func pinStream(pin string, salt, half []byte, iterations int) ([]byte, error) {
	stretched, err := pbkdf2.Key(sha256.New, pin, salt, iterations, 32)
	if err != nil {
		return nil, fmt.Errorf("stretch PIN: %w", err)
	}
	return hkdf.Key(sha256.New, append(stretched, half...), nil, pinInfo, PINSecretSize)
}
