// Package label judges what people call the things that prove them: their devices,
// passkeys and tokens. Such a name is shown to them where they decide what to trust.
package label

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Longest is how many characters a name may have.
const Longest = 64

// Clean returns a name as it is kept, without white space at its ends. It returns false
// for one that is not 1 to Longest visible characters.
func Clean(name string) (string, bool) {
	name = strings.TrimSpace(name)
	n := utf8.RuneCountInString(name)
	return name, n >= 1 && n <= Longest && utf8.ValidString(name) && !strings.ContainsFunc(name, unseen)
}

// unseen reports characters that could change how the text around them is shown.
func unseen(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
