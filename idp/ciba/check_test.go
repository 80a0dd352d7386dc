package ciba

import (
	"strings"
	"testing"
)

func TestABindingMessageIsShortAndPlain(t *testing.T) {
	for message, want := range map[string]bool{
		"": true, "Till 3 · 42.10 €": true, strings.Repeat("é", 64): true,
		strings.Repeat("x", 65): false, "a\nb": false, "a\u202eb": false, " a": false, "\xff": false, "a\u200bb": false,
	} {
		if got := ValidMessage(message); got != want {
			t.Errorf("%q: got %v", message, got)
		}
	}
}

func TestANotificationTokenIsABearerTokenOf128Bits(t *testing.T) {
	for token, want := range map[string]bool{
		strings.Repeat("a", 22): true, strings.Repeat("-._~+/", 20) + "==": true, strings.Repeat("a", 1024): true,
		"": false, strings.Repeat("a", 21): false, strings.Repeat("a", 1025): false, strings.Repeat("a", 22) + " b": false,
		strings.Repeat("a", 22) + "\r\nX: y": false, strings.Repeat("a", 11) + "=" + strings.Repeat("a", 11): false,
	} {
		if got := ValidNotificationToken(token); got != want {
			t.Errorf("%.30q: got %v", token, got)
		}
	}
}

func FuzzValid(f *testing.F) {
	f.Add("Till 3")
	f.Add("a\u202eb")
	f.Fuzz(func(t *testing.T, given string) {
		if ValidMessage(given) && strings.ContainsAny(given, "\r\n\x00\u202e") {
			t.Errorf("%q may be shown", given)
		}
		if ValidNotificationToken(given) && strings.ContainsAny(given, " \r\n\t\"") {
			t.Errorf("%q may be sent", given)
		}
	})
}
