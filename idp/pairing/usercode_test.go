package pairing

import (
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
)

func TestAUserCodeIsReadHoweverItIsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		"BCDF-GHJK": "BCDFGHJK", "bcdfghjk": "BCDFGHJK", " bcdf ghjk ": "BCDFGHJK", "b-c.d_f\u2013g h j k": "BCDFGHJK",
		"": "", "BCDF-GHJ": "", "BCDF-GHJKL": "", "BCDF-GHJA": "", "BCDF-GHJ1": "", "BCDFGHJ\u212a": "", strings.Repeat("-", 100) + "BCDFGHJK": "",
	} {
		if got := readCode(typed); got != want {
			t.Errorf("%q: got %q, want %q", typed, got, want)
		}
	}
}

func TestUserCodesDiffer(t *testing.T) {
	p := &Pairings{Box: seal.NewBox("test", seal.NewKey()).WithRoot(random.Bytes(32))}
	seen := map[string]bool{}
	for range 500 {
		code := p.userCode(random.ID("pai"))
		if seen[code] || readCode(spaced(code)) != code {
			t.Fatalf("got %q", code)
		}
		seen[code] = true
	}
}

func FuzzReadCode(f *testing.F) {
	f.Add("BCDF-GHJK")
	f.Add("\u2010bcdf ghjk")
	f.Fuzz(func(t *testing.T, typed string) {
		if code := readCode(typed); code != "" && (len(code) != codeLetters || readCode(spaced(code)) != code) {
			t.Errorf("%q was read as %q", typed, code)
		}
	})
}
