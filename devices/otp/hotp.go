package otp

import (
	"encoding/base32"
	"errors"
	"fmt"
	"math"

	pquerna "github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// LookAhead is how many counters after the expected one are tried, for the
// times somebody pressed a token's button without using the code
// (RFC 4226, section 7.4).
const LookAhead = 10

// HOTP is the counter based passcode of RFC 4226. The zero HOTP is what
// hardware tokens speak: SHA-1 and six digits.
type HOTP struct {
	// Hash is SHA1 if empty.
	Hash Hash
	// Digits is 6 if zero, and otherwise 6 to 8.
	Digits int
}

// Code computes the passcode at a counter.
func (h HOTP) Code(secret []byte, counter uint64) (string, error) {
	if h.Hash == "" {
		h.Hash = SHA1
	}
	return code(secret, counter, h.Hash, h.Digits)
}

// Verify looks for a passcode at the counter and up to LookAhead after it. It
// returns the counter to store, one after the match: whoever stores it before
// answering has used the passcode up. A wrong passcode is ErrWrong and leaves
// the counter as it is.
func (h HOTP) Verify(secret []byte, passcode string, counter uint64) (next uint64, err error) {
	if counter > math.MaxUint64-LookAhead-1 {
		return counter, errors.New("counter is exhausted")
	}
	passcode = Normalize(passcode)
	for at := counter; at <= counter+LookAhead; at++ {
		want, err := h.Code(secret, at)
		if err != nil {
			return counter, err
		}
		if equal(want, passcode) {
			return at + 1, nil
		}
	}
	return counter, ErrWrong
}

// code guards the library's one function that is used: it panics on unknown
// hashes, takes any number of digits and accepts an empty secret.
func code(secret []byte, counter uint64, h Hash, digits int) (string, error) {
	if err := checkSecret(secret); err != nil {
		return "", err
	}
	if digits == 0 {
		digits = 6
	}
	if digits < 6 || digits > 8 {
		return "", fmt.Errorf("%d digits are not 6 to 8", digits)
	}
	algorithms := map[Hash]pquerna.Algorithm{
		SHA1:   pquerna.AlgorithmSHA1,
		SHA256: pquerna.AlgorithmSHA256,
		SHA512: pquerna.AlgorithmSHA512,
	}
	algorithm, known := algorithms[h]
	if !known {
		return "", fmt.Errorf("unknown hash %q", string(h))
	}
	return hotp.GenerateCodeCustom(base32.StdEncoding.EncodeToString(secret), counter,
		hotp.ValidateOpts{Digits: pquerna.Digits(digits), Algorithm: algorithm})
}
