package otp

import (
	"testing"
	"unicode"
)

func TestNormalizeReadsPasscodesAsPeopleTypeThem(t *testing.T) {
	for name, row := range map[string]struct{ in, want string }{
		"plain":                      {"123456", "123456"},
		"a space in the middle":      {" 123 456\n", "123456"},
		"dashes of all kinds":        {"12-34–5−6", "123456"},
		"no-break and zero width":    {"123\u00a04\u200b5\ufeff6", "123456"},
		"full-width digits":          {"１２３４５６", "123456"},
		"Arabic-Indic digits":        {"٠١٢٣٤٥", "012345"},
		"Devanagari digits":          {"०१२३४५", "012345"},
		"mathematical bold digits":   {"𝟎𝟏𝟐𝟑𝟒𝟓", "012345"},
		"superscripts are not read":  {"¹²³456", "¹²³456"},
		"letters stay":               {"12a456", "12a456"},
		"circled digits stay":        {"①②", "①②"},
		"nothing":                    {"", ""},
		"a sign in front is refused": {"+123456", "+123456"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Normalize(row.in); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
}

func TestUnicodeKeepsDecimalDigitsInRunsOfTen(t *testing.T) {
	for _, r := range unicode.Nd.R16 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("range %U to %U is not made of runs of ten", r.Lo, r.Hi)
		}
	}
	for _, r := range unicode.Nd.R32 {
		if r.Stride != 1 || (r.Hi-r.Lo+1)%10 != 0 {
			t.Errorf("range %U to %U is not made of runs of ten", r.Lo, r.Hi)
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, seed := range []string{"123 456", "１２٣-४", "\xff1", "a\u20dd"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Normalize(s)
		if again := Normalize(got); again != got {
			t.Errorf("twice: got %q, want %q", again, got)
		}
		for _, r := range got {
			if unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || unicode.IsDigit(r) && r > '9' {
				t.Errorf("%q: got %q, which keeps %U", s, got, r)
			}
		}
		digits := 0
		for _, r := range s {
			if unicode.IsDigit(r) {
				digits++
			}
		}
		kept := 0
		for _, r := range got {
			if '0' <= r && r <= '9' {
				kept++
			}
		}
		if kept != digits {
			t.Errorf("%q: got %d digits, want %d", s, kept, digits)
		}
	})
}
