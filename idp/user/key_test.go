package user_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/nod-idp/nod/idp/user"
)

func TestSpellingsOfOneNameShareAKey(t *testing.T) {
	for _, row := range []struct{ says, a, b string }{
		{"case makes no difference", "Alice", "aLICE"},
		{"spaces at the ends make none", "alice", "\u3000 alice\t\n"},
		{"full-width letters are letters", "alice", "ａｌｉｃｅ"},
		{"composed and decomposed are one", "zo\u00eb", "zoe\u0308"},
		{"sharp s is two", "stra\u00dfe", "STRASSE"},
		{"a ligature is its letters", "\ufb01nn", "finn"},
		{"the final sigma is a sigma", "ΟΔΟΣ", "οδος"},
		{"invisible characters make none", "alice", "al\u200bi\u00adce\ufeff"},
		{"the Kelvin sign is a k", "\u212aarl", "karl"},
		{"addresses are folded too", "Alice@Example.COM", "alice@example.com"},
	} {
		if a, b := user.Key(row.a), user.Key(row.b); a != b {
			t.Errorf("%s: got %q and %q", row.says, a, b)
		}
	}
	for _, row := range []struct{ says, a, b string }{
		{"a tag is part of the address", "alice+shop@example.com", "alice@example.com"},
		{"dots are part of the address", "a.lice@example.com", "alice@example.com"},
		{"a look-alike of another script is another letter", "alice", "аlice"},
		{"a control character inside is not passed over", "alice", "al\x00ice"},
	} {
		if a, b := user.Key(row.a), user.Key(row.b); a == b {
			t.Errorf("%s: got %q for both", row.says, a)
		}
	}
}

// The property behind requirement 46: whatever is done to the spelling, the key
// stays. Names are random over all of Unicode.
func TestEveryRespellingOfARandomNameSharesItsKey(t *testing.T) {
	r := rand.New(rand.NewPCG(46, 46))
	respell := []func(string) string{
		norm.NFC.String, norm.NFD.String, norm.NFKC.String, norm.NFKD.String,
		func(s string) string { return " \t" + s + "\u00a0\n" },
		func(s string) string { return strings.Map(func(c rune) rune { return otherCase(r, c) }, s) },
		func(s string) string { return insert(r, s, "\u200b") },
		func(s string) string { return insert(r, s, "\u00ad") },
		user.Key,
	}
	for range 20_000 {
		name := randomName(r)
		key := user.Key(name)
		if again := user.Key(key); again != key {
			t.Fatalf("the key of %+q is %+q, whose key is %+q", name, key, again)
		}
		spelled := name
		for range 1 + r.IntN(4) {
			spelled = respell[r.IntN(len(respell))](spelled)
		}
		if got := user.Key(spelled); got != key {
			t.Fatalf("%+q has the key %+q, spelled %+q it has %+q", name, key, spelled, got)
		}
	}
}

func FuzzAKeyIsItsOwnKey(f *testing.F) {
	f.Add("Alice")
	f.Add("\u1e9e\u0345\u03b9\xff")
	f.Fuzz(func(t *testing.T, typed string) {
		key := user.Key(typed)
		if again := user.Key(key); again != key || !utf8.ValidString(key) || strings.ContainsRune(key, 0) {
			t.Errorf("the key of %+q is %+q, whose key is %+q", typed, key, again)
		}
	})
}

// otherCase picks a letter that differs by case alone. (U+0345 is said to be a small
// iota, but it is a mark, and moves to another place when the name is composed.)
func otherCase(r *rand.Rand, c rune) rune {
	for range r.IntN(3) {
		if other := unicode.SimpleFold(c); unicode.IsLetter(other) {
			c = other
		}
	}
	return c
}

func insert(r *rand.Rand, s, what string) string {
	runes := []rune(s)
	at := r.IntN(len(runes) + 1)
	return string(runes[:at]) + what + string(runes[at:])
}

func randomName(r *rand.Rand) string {
	planes := []int{0x7f, 0x24f, 0x5ff, 0x2fff, 0xffff, 0x1ffff}
	var b strings.Builder
	for range 1 + r.IntN(12) {
		c := rune(0x21 + r.IntN(planes[r.IntN(len(planes))]))
		if unicode.IsLetter(c) || unicode.IsMark(c) || unicode.IsDigit(c) || unicode.IsPunct(c) {
			b.WriteRune(c)
		}
	}
	return b.String()
}
