package otp

import (
	"errors"
	"math"
)

// ResyncWindow is how far ahead Resync looks for a token whose button was pressed
// more often than LookAhead forgives.
const ResyncWindow = 100

// Resync looks for two passcodes that follow each other, at most ResyncWindow
// counters ahead (RFC 4226, section 7.4): one alone is too easily met by chance in so
// many places. It returns the counter to store, one after the second, and ErrWrong if
// they are not there.
func (h HOTP) Resync(secret []byte, first, second string, counter uint64) (next uint64, err error) {
	if counter > math.MaxInt64-ResyncWindow-1 {
		return counter, errors.New("counter is exhausted")
	}
	first, second = Normalize(first), Normalize(second)
	for at := counter; at < counter+ResyncWindow; at++ {
		want, err := h.Code(secret, at)
		if err != nil {
			return counter, err
		}
		if !equal(want, first) {
			continue
		}
		if want, err = h.Code(secret, at+1); err != nil {
			return counter, err
		}
		if equal(want, second) {
			return at + 2, nil
		}
	}
	return counter, ErrWrong
}
