package recovery

import (
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/random"
)

// alphabet is Crockford's base32: no letter in it can be read as a digit, and none makes
// the words that nobody wants to type.
const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// length of a code: 10 characters of 5 bits each.
const length = 10

// Draw returns a new code. 32 divides 256, so every character is as likely as any other.
func Draw() string {
	code := random.Bytes(length)
	for i, b := range code {
		code[i] = alphabet[int(b)%len(alphabet)]
	}
	return string(code)
}

// Group writes a code in two groups, as people read it.
func Group(code string) string { return code[:length/2] + "-" + code[length/2:] }

// misread are the letters that a reader may see where a digit stands.
var misread = strings.NewReplacer("O", "0", "I", "1", "L", "1")

// Normalize turns a code as people type it into the one that was meant: case, blanks and
// dashes do not matter, O is 0, and I and L are 1. It reports whether the result has the
// form of a code.
func Normalize(typed string) (code string, formed bool) {
	const longest = 200 // no code is, and normal forms of endless texts take time
	if len(typed) > longest {
		return "", false
	}
	code = misread.Replace(strings.ToUpper(otp.Normalize(norm.NFKC.String(typed))))
	if len(code) != length || strings.Trim(code, alphabet) != "" {
		return "", false
	}
	return code, true
}
