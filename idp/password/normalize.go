package password

import (
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxLength is the longest password, in code points of its normalised form. NIST SP 800-63B-4 asks for at
// least 64; a limit exists at all so that nobody can make the server normalise and hash a novel.
const MaxLength = 128

// maxBytes bounds the work before anything is counted: a code point has at most four bytes, and composing
// joins at most four code points into one in any script people type passwords in.
const maxBytes = MaxLength * 4 * 4

// normalize brings a password into Unicode form NFC, so that "é" typed as one key and "é" typed as two are
// the same password on every keyboard. NIST SP 800-63B-4, section 3.1.1.2, names NFC; its drafts and
// revision 3 named NFKC or NFKD, which also merge characters that look different, such as "²" and "2",
// and thereby throw away some of what the person chose.
//
// The second result is false for a password longer than [MaxLength]. It is never cut: the whole password
// counts or none of it.
func normalize(password string) (string, bool) {
	if len(password) > maxBytes {
		return "", false
	}
	password = norm.NFC.String(password)
	return password, utf8.RuneCountInString(password) <= MaxLength
}
