package label

import (
	"strings"
	"testing"
)

func TestANameIsWhatCanBeSeen(t *testing.T) {
	for name, want := range map[string]string{
		"Pixel": "Pixel", "  Alice’s Pixel \n": "Alice’s Pixel", strings.Repeat("ä", Longest): strings.Repeat("ä", Longest), "手机": "手机",
	} {
		if got, ok := Clean(name); !ok || got != want {
			t.Errorf("%q: got %q, %t, want %q", name, got, ok, want)
		}
	}
	for _, name := range []string{"", " \t", strings.Repeat("ä", Longest+1), "a\x00b", "a\nb", "\u202ephone", "a\u200bb", "a\u2028b", "\xff"} {
		if got, ok := Clean(name); ok {
			t.Errorf("%q is taken as %q", name, got)
		}
	}
}
