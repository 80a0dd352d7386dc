package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4/json"
)

// Decode reads the JSON object of a message. Unknown members are ignored, so
// that either side may learn new ones first; members that repeat or differ in
// case only are not taken for others, since two parsers could disagree about
// them. Messages that a device sends are checked too. Every error is
// ErrInvalidRequest.
func Decode(payload []byte, into any) error {
	if err := decodeObject(payload, into); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalidRequest, err)
	}
	if message, ok := into.(interface{ check() error }); ok {
		if err := message.check(); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalidRequest, err)
		}
	}
	return nil
}

// decodeObject uses go-jose's fork of encoding/json, which refuses repeated
// members and compares names exactly. It sees repetitions inside members that
// it skips as little as the standard library does; nobody reads those.
func decodeObject(data []byte, into any) error {
	if !utf8.Valid(data) {
		return errors.New("message is not UTF-8")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return errors.New("message is not a JSON object")
	}
	return json.Unmarshal(data, into)
}

// isDigits reports whether s is made of ASCII digits only, least to most of them.
func isDigits(s string, least, most int) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return least <= len(s) && len(s) <= most
}

// isToken reports whether s is 1 to most printable ASCII characters without
// spaces, as ids and one-time tokens are.
func isToken(s string, most int) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= most
}

// misleads reports whether a character could change how the text around it is
// shown: control characters, line separators and bidirectional controls.
func misleads(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control)
}
