package password

import (
	"errors"
	"strings"
	"testing"
)

const sample = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

func TestAnEncodedPasswordReadsBackAsItWasWritten(t *testing.T) {
	p, err := parsePHC(sample)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.String(); got != sample {
		t.Errorf("got %s, want %s", got, sample)
	}
	if p.memory != 19456 || p.time != 2 || p.threads != 1 || len(p.salt) != 16 || len(p.key) != 32 {
		t.Errorf("got %+v", p)
	}
}

func TestDamagedEncodingsAreRefused(t *testing.T) {
	replace := func(old, new string) string { return strings.Replace(sample, old, new, 1) }
	for name, encoded := range map[string]string{
		"empty":                           "",
		"plain text":                      "password",
		"another algorithm":               replace("argon2id", "argon2i"),
		"bcrypt":                          "$2a$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy",
		"an older version":                replace("v=19", "v=16"),
		"no version":                      replace("v=19$", ""),
		"a part too many":                 sample + "$",
		"something in front":              "x" + sample,
		"a terabyte of memory":            replace("m=19456", "m=1073741824"),
		"more memory than a number holds": replace("m=19456", "m=99999999999999999999"),
		"hardly any memory":               replace("m=19456", "m=7"),
		"less memory than the lanes need": replace("m=19456,t=2,p=1", "m=16,t=2,p=3"),
		"years of passes":                 replace("t=2", "t=4294967295"),
		"no passes":                       replace("t=2", "t=0"),
		"no lanes":                        replace("p=1", "p=0"),
		"lanes beyond a byte":             replace("p=1", "p=257"),
		"a leading zero":                  replace("t=2", "t=02"),
		"a sign":                          replace("t=2", "t=+2"),
		"parameters in another order":     replace("t=2,p=1", "p=1,t=2"),
		"a parameter too many":            replace("p=1", "p=1,data=AAAA"),
		"padding":                         sample + "=",
		"a line break in the salt":        replace("c2Fs", "c2Fs\n"),
		"loose bits at the end":           sample[:len(sample)-1] + "9",
		"a short salt":                    replace("c2FsdHNhbHRzYWx0c2FsdA", "c2FsdA"),
		"a short key":                     sample[:len(sample)-30],
		"a long key":                      sample + strings.Repeat("AAAA", 12),
		"endless":                         sample + strings.Repeat("A", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parsePHC(encoded); !errors.Is(err, ErrEncoding) {
				t.Errorf("got %v, want ErrEncoding", err)
			}
			var h Hasher
			if ok, _, err := h.Verify(t.Context(), encoded, ""); ok || !errors.Is(err, ErrEncoding) {
				t.Errorf("got %v and %v, want ErrEncoding", ok, err)
			}
			if h.Hashes() != 0 {
				t.Error("a hash was computed for it")
			}
		})
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(sample)
	f.Add("$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAA")
	f.Add("$argon2id$v=19$m=,t=,p=$$")
	f.Fuzz(func(t *testing.T, encoded string) {
		p, err := parsePHC(encoded)
		if err != nil {
			if !errors.Is(err, ErrEncoding) {
				t.Errorf("got %v, want ErrEncoding", err)
			}
			return
		}
		if !p.valid() {
			t.Errorf("%q passed with %+v", encoded, p.cost)
		}
		if got := p.String(); got != encoded {
			t.Errorf("%q reads back as %q", encoded, got)
		}
	})
}
