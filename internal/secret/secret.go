// Package secret holds the type of texts that must not be printed: what a setting holds
// has it, so that no log, error or dump can show what somebody else is to keep to himself.
// Where secrets come from and what they open is left to others.
package secret

import (
	"fmt"
	"io"
	"log/slog"
)

// Text is a string that no verb, no logger and no encoder prints. Reveal is the one way to its text, and easy to
// search for. It must not be the key of a map: encoding/json writes string keys without asking them.
type Text string

// Masked is what is printed instead.
const Masked = "***"

// Reveal returns the text itself.
func (s Text) Reveal() string { return string(s) }

// String hides the text.
func (s Text) String() string { return Masked }

// GoString hides the text from %#v.
func (s Text) GoString() string { return Masked }

// Format hides the text from every verb, %x and %d included.
func (s Text) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Masked) }

// LogValue hides the text from slog.
func (s Text) LogValue() slog.Value { return slog.StringValue(Masked) }

// MarshalText hides the text from encoders such as YAML and XML.
func (s Text) MarshalText() ([]byte, error) { return []byte(Masked), nil }

// MarshalJSON hides the text from JSON.
func (s Text) MarshalJSON() ([]byte, error) { return []byte(`"` + Masked + `"`), nil }
