package user

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is the longest name of a person or a group, in characters.
const maxName = 128

const nameRule = "1 to 128 printable characters without white space at the ends"

// checkName reports whether a person or a group may be called so.
func checkName(field, name string) error {
	n := utf8.RuneCountInString(name)
	if n < 1 || n > maxName || !utf8.ValidString(name) || strings.TrimSpace(name) != name ||
		strings.ContainsFunc(name, unusual) || Key(name) == "" {
		return &InvalidError{Field: field, Value: name, Allowed: nameRule}
	}
	return nil
}

// unusual finds what has no place in a name: control characters, marks that turn
// the direction of writing round, private and unassigned code points, and spaces
// that only look like one. The two joiners belong to Persian, Hindi and others.
func unusual(r rune) bool {
	const nonJoiner, joiner = '\u200C', '\u200D'
	return r == utf8.RuneError || !unicode.IsPrint(r) && r != nonJoiner && r != joiner
}

// quote shows a refused value, cut so that an error stays readable.
func quote(value string) string {
	const most = 80
	if utf8.RuneCountInString(value) > most {
		value = string([]rune(value)[:most]) + "…"
	}
	return strconv.Quote(value)
}
