package password

import "fmt"

// Reason says why a [Policy] refused a password. Its value is stable, so that pages can hold a text for each.
type Reason string

// The reasons. Only one is reported, the first that applies in this order.
const (
	// Unusable: not valid UTF-8, or holds control characters or code points that Unicode has not assigned,
	// which another keyboard or a later Unicode version may turn into something else.
	Unusable Reason = "unusable"
	// TooLong: more than [MaxLength] code points.
	TooLong Reason = "too_long"
	// TooShort: fewer code points than the policy asks for.
	TooShort Reason = "too_short"
	// Personal: made of nothing but context words, digits and punctuation.
	Personal Reason = "personal"
	// Pattern: one short piece repeated, or characters in a row such as "abcdefgh" or "87654321".
	Pattern Reason = "pattern"
	// Leaked: on the list of passwords that appeared in leaks.
	Leaked Reason = "leaked"
)

// Refusal is the error of [Policy.Check]. NIST SP 800-63B-4, section 3.1.1.2, wants the person told why.
// It never holds the password or a part of it.
type Refusal struct {
	Reason Reason
	// Limit is the number of characters that [TooLong] and [TooShort] are about, otherwise 0.
	Limit int
}

// Error explains the refusal in plain English.
func (r *Refusal) Error() string {
	switch r.Reason {
	case Unusable:
		return "the password holds characters that cannot be typed reliably"
	case TooLong:
		return fmt.Sprintf("the password is longer than %d characters", r.Limit)
	case TooShort:
		return fmt.Sprintf("the password is shorter than %d characters", r.Limit)
	case Personal:
		return "the password is made of words that are known about you or this service"
	case Pattern:
		return "the password repeats a short piece or counts up or down"
	case Leaked:
		return "the password appears in lists of leaked passwords"
	}
	return "the password is refused"
}
