package protocol

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"time"
)

// Bytes are binary values; in JSON they are base64url without padding
// (RFC 4648, section 5).
type Bytes []byte

// MarshalText encodes the bytes as base64url.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText accepts exactly one spelling of each value.
func (b *Bytes) UnmarshalText(text []byte) error {
	decoded, err := decodeBase64URL(text)
	*b = decoded
	return err
}

// decodeBase64URL is strict: no padding, no stray bits, and no line breaks,
// which the standard library would skip.
func decodeBase64URL(text []byte) ([]byte, error) {
	if bytes.ContainsAny(text, "\r\n") {
		return nil, errors.New("line break in base64url")
	}
	return base64.RawURLEncoding.Strict().AppendDecode(nil, text)
}

// Time is a moment in milliseconds; in JSON it is RFC 3339 in UTC with three
// decimals, and in the canonical encoding decimal milliseconds since 1970.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// At returns the moment without its fractions of a millisecond, so that both
// sides hash the same number.
func At(t time.Time) Time { return Time{Time: t.UTC().Truncate(time.Millisecond)} }

// MarshalJSON writes RFC 3339 with milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return nil, errors.New("year is outside of RFC 3339")
	}
	return []byte(At(t.Time).Format(`"` + timeLayout + `"`)), nil
}

// UnmarshalJSON reads RFC 3339 with any offset and cuts it to milliseconds.
func (t *Time) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return errors.New("time is not RFC 3339")
	}
	*t = At(parsed)
	return nil
}
