package pairing

import (
	"encoding/binary"
	"strings"
)

// alphabet is that of RFC 8628, section 6.1: no vowels, so that no words appear, and
// nothing that looks like something else.
const alphabet = "BCDFGHJKLMNPQRSTVWXZ"

// codeLetters is how long a user code is: 20^8 are 34.5 bits, for ten minutes, behind a
// throttle.
const codeLetters = 8

// userCode is the code of a pairing. It is derived from the pairing's random id under a
// key that the database does not hold, and stored nowhere.
func (p *Pairings) userCode(id string) string {
	n := binary.BigEndian.Uint64(p.Box.MAC("user-code", id))
	letters := make([]byte, codeLetters)
	for i := range letters {
		letters[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	return string(letters)
}

// indexOf is what a user code is found by. A hash without a key would be tried out in
// minutes.
func (p *Pairings) indexOf(code string) []byte { return p.Box.MAC("user-code-index", code) }

// spaced is a code as people read it.
func spaced(code string) string { return code[:codeLetters/2] + "-" + code[codeLetters/2:] }

// readCode returns the code that somebody typed, in whatever case and with whatever
// between its letters (RFC 8628, section 6.1), or "" if it cannot be one.
func readCode(typed string) string {
	if len(typed) > 64 {
		return ""
	}
	code := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r == '-', r == ' ', r == '.', r == '_', r == '\u2010', r == '\u2013', r == '\u00a0':
			return -1
		}
		return '?'
	}, typed)
	if len(code) != codeLetters || strings.Trim(code, alphabet) != "" {
		return ""
	}
	return code
}
