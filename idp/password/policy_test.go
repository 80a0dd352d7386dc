package password

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
)

// alice is what the server knows about the user in these tests.
var alice = []string{"alice", "Alice.Smith@example.com", "Alice Smith", "Acme Corp", "https://login.example.com"}

func TestPolicyRefusesWithTheReason(t *testing.T) {
	short := Policy{MinLength: MinLengthWithFactor}
	for _, test := range []struct {
		name     string
		policy   Policy
		password string
		want     Reason
	}{
		{"fourteen characters are too short for a password alone", Policy{}, "vex jumbo quit", TooShort},
		{"seven characters are too short beside a second factor", short, "vexquit", TooShort},
		{"a lower setting than the standard allows does not count", Policy{MinLength: 4}, "vexquit", TooShort},
		{"an empty password is too short", short, "", TooShort},
		{"bytes are not characters", short, "ééééééé", TooShort},
		{"an accent typed as a second key is not a second character", short, strings.Repeat("e\u0301", 7), TooShort},
		{"one character more than the limit is too long", short, strings.Repeat("ab c9", 25) + "wxyz", TooLong},
		{"a megabyte is too long", short, strings.Repeat("\u0301", 1<<19), TooLong},
		{"bytes that are not UTF-8", short, "vexjumboquit\xff", Unusable},
		{"a control character", short, "vexjumbo\x00quit", Unusable},
		{"a code point without a meaning", short, "vexjumbo\U000e0fffquit", Unusable},
		{"a leaked password", short, "sunshine", Leaked},
		{"a leaked password in other case", short, "TrustNo1", Leaked},
		{"a leaked password in full-width letters", short, "ｐａｓｓｗｏｒｄ１", Leaked},
		{"a leaked password of fifteen characters", Policy{}, "1q2w3e4r5t6y7u8i", Leaked},
		{"the user name with a year", short, "Alice2024!", Personal},
		{"the user name in front and behind", short, "alice-1-ALICE", Personal},
		{"the user name between digits", short, "2024alice", Personal},
		{"the mail address", Policy{}, "alice.smith@example.com", Personal},
		{"the mail address without its domain", short, "alicesmith", Personal},
		{"the organisation and a number", short, "Acme Corp 1", Personal},
		{"the host of the issuer", Policy{}, "login.example.com", Personal},
		{"the product again and again", Policy{}, "nod nod nod nod nod", Personal},
		{"names and product mixed", Policy{}, "nod4alice@acme!", Personal},
		{"one character", Policy{}, strings.Repeat("x", 40), Pattern},
		{"a leaked password twice", Policy{}, "passwordpassword", Pattern},
		{"a short piece cut at the end", Policy{}, "fox7fox7fox7fox7fo", Pattern},
		{"counting up over the ten", Policy{}, "123456789012345", Pattern},
		{"counting down", Policy{}, "ZYXWVUTSRQPONMLK", Pattern},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.policy.Check(test.password, alice...)
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("got %v, want a refusal because of %s", err, test.want)
			}
			if refusal.Reason != test.want {
				t.Errorf("got %s, want %s", refusal.Reason, test.want)
			}
			if test.password != "" && strings.Contains(err.Error(), test.password) {
				t.Errorf("the error %q holds the password", err)
			}
		})
	}
}

func TestPolicyAcceptsWithoutCompositionRules(t *testing.T) {
	short := Policy{MinLength: MinLengthWithFactor}
	for _, test := range []struct {
		name     string
		policy   Policy
		password string
	}{
		{"a phrase of small letters and spaces", Policy{}, "correct horse battery staple"},
		{"exactly fifteen", Policy{}, "vex jumbo quits"},
		{"exactly eight beside a second factor", short, "vexqjumb"},
		{"exactly as long as allowed", short, strings.Repeat("ab c9", 25) + "xyz"},
		{"digits only", short, "8301749265"},
		{"another script", Policy{}, "пятнадцать синих котов"},
		{"emoji count once each", short, "🐸🎷🧀🚲🌋🦀🛶🎯"},
		{"a name inside a longer phrase", Policy{}, "alice never liked turnips"},
		{"a word that begins with a name", short, "alicelandia"},
		{"a strong piece typed twice", short, "kX9#mQ2$vL7@kX9#mQ2$vL7@"},
		{"spaces at both ends belong to it", short, " vexquit "},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := test.policy.Check(test.password, alice...); err != nil {
				t.Errorf("got %v, want it accepted", err)
			}
		})
	}
}

func TestGeneratedPasswordsAreAccepted(t *testing.T) {
	for range 1000 {
		if password := rand.Text(); (Policy{}).Check(password, alice...) != nil {
			t.Errorf("%q was refused", password)
		}
	}
}

func TestShortAndEmptyContextWordsRefuseNothing(t *testing.T) {
	if err := (Policy{}).Check("abababcdxyzabcbax", "a", "b", "", "ab", "...", "@"); err != nil {
		t.Errorf("got %v, want it accepted", err)
	}
}

func TestEveryReasonExplainsItself(t *testing.T) {
	seen := map[string]bool{}
	for _, reason := range []Reason{Unusable, TooLong, TooShort, Personal, Pattern, Leaked} {
		text := (&Refusal{Reason: reason, Limit: 8}).Error()
		if seen[text] || text == (&Refusal{}).Error() {
			t.Errorf("%s has no text of its own: %q", reason, text)
		}
		seen[text] = true
	}
}

func FuzzPolicy(f *testing.F) {
	f.Add("Alice2024!", "alice")
	f.Add("e\u0301\u0301 1234567890", "\xff")
	f.Fuzz(func(t *testing.T, password, word string) {
		err := Policy{}.Check(password, word)
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Errorf("got %v, want a refusal", err)
		}
	})
}

func BenchmarkPolicy(b *testing.B) {
	for b.Loop() {
		if err := (Policy{}).Check("correct horse battery staple", alice...); err != nil {
			b.Fatal(err)
		}
	}
}
