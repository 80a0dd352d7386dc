package user

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxTyped bounds the work for one key. No name and no address is nearly as long.
const maxTyped = 4096

// Key is the one canonical form of what somebody types as his name or his e-mail
// address. Whoever looks an account up, counts its failures or bans it does so by
// this form, so that another spelling is never another counter: compatibility
// characters, case, white space at the ends and invisible characters make no
// difference (Unicode's NFKC_Casefold, trimmed). Key(Key(x)) is Key(x).
//
// A "+tag" in an address stays, and so do dots. Whether they are one mailbox with
// the address without them is known to the receiving host alone (RFC 5321, section
// 2.3.11). Taking them away would give somebody's account to whoever owns the other
// mailbox. It would not save a counter either: an address is found only in the
// spelling it was stored under, and counters stand under the id that was found.
func Key(typed string) string {
	if len(typed) > maxTyped {
		typed = typed[:maxTyped]
	}
	key := strings.ToValidUTF8(typed, "\uFFFD")
	// Folding can make something that normalises further, and the other way round.
	for range 8 {
		next := foldOnce(key)
		if next == key {
			break
		}
		key = next
	}
	return key
}

func foldOnce(s string) string {
	s = strings.Map(visible, norm.NFKC.String(s))
	s = strings.Map(oneCase, cases.Fold().String(s))
	// Normalising may put joiners between long runs of marks, so what is invisible is
	// dropped again.
	return strings.TrimSpace(strings.Map(visible, norm.NFKC.String(s)))
}

// oneCase picks one letter of those that differ by case alone. cases.Fold knows the
// letters that fold to several, but not all that fold to one, such as Cherokee's.
// Only letters are picked: iota also has a mark among its cases.
func oneCase(r rune) rune {
	least := r
	for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
		if unicode.IsLetter(other) && (other < least || !unicode.IsLetter(least)) {
			least = other
		}
	}
	return unicode.ToLower(least)
}

// visible drops code points that show nothing (Unicode's Default_Ignorable) and
// makes control characters inside a name into one that no name may hold.
func visible(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.IsControl(r):
		return '\uFFFD'
	case unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return -1
	}
	return r
}
