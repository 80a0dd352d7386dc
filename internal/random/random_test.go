package random

import (
	"strings"
	"testing"
)

func TestTokensAreComparedWhole(t *testing.T) {
	token := Token("noa")
	if !WellFormed("noa", token) {
		t.Fatalf("got a token that is not well formed: %q", token)
	}
	refused := map[string]string{
		"truncated":             token[:len(token)-1],
		"extended":              token + "A",
		"other prefix":          strings.Replace(token, "noa", "nor", 1),
		"no prefix":             strings.TrimPrefix(token, "noa_"),
		"case changed":          swapCase(token),
		"empty":                 "",
		"trailing white space":  token + " ",
		"prefix alone":          "noa_",
		"not base64":            "noa_!!!!",
		"one character changed": token[:10] + flip(token[10]) + token[11:],
	}
	for name, bad := range refused {
		if WellFormed("noa", bad) {
			t.Errorf("%s: got well formed, want refused: %q", name, bad)
		}
		if Matches(Hash(token), bad) {
			t.Errorf("%s: got a match", name)
		}
	}
}

func FuzzWellFormed(f *testing.F) {
	f.Add(Token("noa"))
	f.Add("noa_")
	f.Fuzz(func(t *testing.T, s string) {
		if WellFormed("noa", s) && len(s) != len(Token("noa")) {
			t.Errorf("well formed with length %d: %q", len(s), s)
		}
	})
}

func TestIDsDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := ID("usr")
		if seen[id] || id != strings.ToLower(id) || len(id) != len("usr_")+26 {
			t.Fatalf("got %q", id)
		}
		seen[id] = true
	}
}

func swapCase(s string) string {
	return "noa_" + strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 32
		case r >= 'A' && r <= 'Z':
			return r + 32
		}
		return r
	}, s[4:])
}

func flip(b byte) string {
	if b == 'A' {
		return "B"
	}
	return "A"
}
