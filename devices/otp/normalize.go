package otp

import (
	"strings"
	"unicode"
)

// Normalize turns a passcode as people type, paste or dictate it into the one
// that was meant: white space, dashes and invisible characters go, and decimal
// digits of every script, full-width ones included, become ASCII digits.
// Everything else stays, so what was not a passcode does not become one.
func Normalize(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case '0' <= r && r <= '9':
			b.WriteRune(r)
		case unicode.IsSpace(r), isDash(r), unicode.Is(unicode.Cf, r):
		default:
			b.WriteRune(asciiDigit(r))
		}
	}
	return b.String()
}

// isDash includes the minus sign, which Unicode counts as mathematics.
func isDash(r rune) bool { return unicode.Is(unicode.Pd, r) || r == '\u2212' }

// asciiDigit maps a decimal digit of any script to ASCII and leaves other
// characters alone. Unicode assigns decimal digits in runs from zero to nine
// (The Unicode Standard, section 4.6), so a digit's distance from the start of
// its range in the table, modulo ten, is its value.
func asciiDigit(r rune) rune {
	for _, ranges := range unicode.Nd.R16 {
		if rune(ranges.Lo) <= r && r <= rune(ranges.Hi) {
			return '0' + (r-rune(ranges.Lo))%10
		}
	}
	for _, ranges := range unicode.Nd.R32 {
		if rune(ranges.Lo) <= r && r <= rune(ranges.Hi) {
			return '0' + (r-rune(ranges.Lo))%10
		}
	}
	return r
}
