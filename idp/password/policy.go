package password

import (
	"unicode"
	"unicode/utf8"

	"github.com/nod-idp/nod/idp/password/blocklist"
)

// The least lengths of NIST SP 800-63B-4, section 3.1.1.2, in code points.
const (
	// MinLengthAlone is for a password that opens an account by itself.
	MinLengthAlone = 15
	// MinLengthWithFactor is for a password that is never enough without a second factor.
	MinLengthWithFactor = 8
)

// A Policy says which passwords may be chosen. It has no composition rules: asking for a digit and a
// capital yields "Password1" and keeps out long phrases (NIST SP 800-63B-4, section 3.1.1.2, forbids it).
// Spaces and every script are welcome. The zero value is the strictest.
type Policy struct {
	// MinLength in code points; 0 means [MinLengthAlone]. Anything below [MinLengthWithFactor] counts as
	// that.
	MinLength int
}

// Check returns nil or a *[Refusal]. It is for the moment a password is chosen, never for signing in.
//
// The context words are whatever is known about the user and the service: user name, mail address, display
// name, organisation, the issuer's host. Whole addresses and names may be passed; they are taken apart
// here. "nod" is always among them.
func (p Policy) Check(password string, contextWords ...string) error {
	if !utf8.ValidString(password) {
		return &Refusal{Reason: Unusable}
	}
	normalized, fits := normalize(password)
	if !fits {
		return &Refusal{Reason: TooLong, Limit: MaxLength}
	}
	for _, r := range normalized {
		// The normalised form of a code point that Unicode has not assigned yet (category Cn) may change
		// with a later version, and its owner would be locked out (Unicode Standard Annex 15, section
		// 12.1, "stabilized strings").
		if unicode.IsControl(r) || unicode.Is(unicode.Cn, r) {
			return &Refusal{Reason: Unusable}
		}
	}
	least := p.minLength()
	if utf8.RuneCountInString(normalized) < least {
		return &Refusal{Reason: TooShort, Limit: least}
	}
	folded := blocklist.Fold(normalized)
	switch {
	case newVocabulary(contextWords).makes(folded):
		return &Refusal{Reason: Personal}
	case predictable(folded, least):
		return &Refusal{Reason: Pattern}
	case blocklist.Contains(folded):
		return &Refusal{Reason: Leaked}
	}
	return nil
}

// Least is how many characters a password needs, for the page that asks for one.
func (p Policy) Least() int { return p.minLength() }

// minLength is the length in force.
func (p Policy) minLength() int {
	if p.MinLength == 0 {
		return MinLengthAlone
	}
	return max(p.MinLength, MinLengthWithFactor)
}
