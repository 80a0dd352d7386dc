package keys

import (
	"errors"
	"fmt"
)

// Algorithm is the name of a JWS signature algorithm as it stands in the header of a token and in
// discovery (RFC 7518, section 3.1; RFC 8037 for EdDSA).
type Algorithm string

// The algorithms nod signs with. All of them use SHA-256 but EdDSA, which is always Ed25519 here.
const (
	RS256 Algorithm = "RS256"
	PS256 Algorithm = "PS256"
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA"
)

// ErrAlgorithm is returned for an algorithm that nod does not sign with, "none" and the HMACs among them.
var ErrAlgorithm = errors.New("not a signature algorithm of this server")

// The sizes of RSA keys, in bits. 2048 is the least that RFC 7518, section 3.3, allows.
const (
	DefaultBits = 2048
	MaxBits     = 4096
)

// ParseAlgorithm accepts the exact name of an algorithm that nod signs with.
func ParseAlgorithm(name string) (Algorithm, error) {
	switch a := Algorithm(name); a {
	case RS256, PS256, ES256, EdDSA:
		return a, nil
	}
	return "", fmt.Errorf("%w: %.20q", ErrAlgorithm, name)
}

// usesRSA says whether keys of this algorithm are RSA keys.
func (a Algorithm) usesRSA() bool { return a == RS256 || a == PS256 }

// checkBits returns the size of a new RSA key for a wish, 0 meaning the default.
func checkBits(wish int) (int, error) {
	switch wish {
	case 0:
		return DefaultBits, nil
	case 2048, 3072, MaxBits:
		return wish, nil
	}
	return 0, fmt.Errorf("an RSA key has 2048, 3072 or %d bits, not %d", MaxBits, wish)
}
