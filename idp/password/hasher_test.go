package password

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/crypto/argon2"
)

// quick is the cheapest cost, for tests about everything but the cost.
func quick() *Hasher { return &Hasher{Memory: 8, Time: 1} }

func TestTheZeroHasherUsesTheDocumentedCost(t *testing.T) {
	var h Hasher
	encoded, err := h.Hash(t.Context(), "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	if want := "$argon2id$v=19$m=19456,t=2,p=1$"; !strings.HasPrefix(encoded, want) {
		t.Errorf("got %s, want it to begin with %s", encoded, want)
	}
	p, err := parsePHC(encoded)
	if err != nil {
		t.Fatal(err)
	}
	key := argon2.IDKey([]byte("correct horse battery staple"), p.salt, 2, 19456, 1, 32)
	if string(key) != string(p.key) {
		t.Error("the key is not what Argon2id yields for these parameters")
	}
	verify(t, &h, encoded, "correct horse battery staple", true, false)
	verify(t, &h, encoded, "correct horse battery stapler", false, false)
}

func TestTheSamePasswordHashesDifferently(t *testing.T) {
	h := quick()
	if first, second := hash(t, h, "swordfish"), hash(t, h, "swordfish"); first == second {
		t.Errorf("got %s twice", first)
	}
}

func TestThePasswordIsComparedWholeAndExactly(t *testing.T) {
	h := quick()
	encoded := hash(t, h, "Sword fish")
	for _, other := range []string{"", "sword fish", "Sword fish ", " Sword fish", "Sword", "Sword  fish", "Sword fish\x00"} {
		verify(t, h, encoded, other, false, false)
	}
	verify(t, h, encoded, "Sword fish", true, false)
}

func TestAnAccentIsTheSameFromEveryKeyboard(t *testing.T) {
	h := quick()
	encoded := hash(t, h, "caf\u00e9 de la gare")
	verify(t, h, encoded, "cafe\u0301 de la gare", true, false)
	verify(t, h, encoded, "cafe de la gare", false, false)
	verify(t, h, hash(t, h, "x\u00b2"), "x2", false, false)
}

func TestAnotherCostAsksForARehashOnlyAfterTheRightPassword(t *testing.T) {
	old := &Hasher{Memory: 16, Time: 1}
	encoded := hash(t, old, "swordfish")
	h := quick()
	verify(t, h, encoded, "swordfish", true, true)
	verify(t, h, encoded, "swordfishes", false, false)
	verify(t, h, hash(t, h, "swordfish"), "swordfish", true, false)
}

func TestATooLongPasswordIsNeverHashedNorCut(t *testing.T) {
	h := quick()
	longest := strings.Repeat("ü", MaxLength)
	encoded := hash(t, h, longest)
	verify(t, h, encoded, longest, true, false)

	var refusal *Refusal
	if _, err := h.Hash(t.Context(), longest+"x"); !errors.As(err, &refusal) || refusal.Reason != TooLong {
		t.Errorf("got %v, want a refusal because it is too long", err)
	}
	before := h.Hashes()
	verify(t, h, encoded, longest+"x", false, false)
	verify(t, h, hash(t, h, ""), strings.Repeat("x", 1<<20), false, false)
	if got := h.Hashes() - before; got != 3 {
		t.Errorf("got %d hashes, want the same work as for any wrong password: 3", got)
	}
}

func TestKnownAndUnknownUsersCostOneHashEach(t *testing.T) {
	h := quick()
	encoded := hash(t, h, "swordfish")
	for _, test := range []struct {
		name string
		call func() error
	}{
		{"a known user with the right password", func() error { _, _, err := h.Verify(t.Context(), encoded, "swordfish"); return err }},
		{"a known user with a wrong one", func() error { _, _, err := h.Verify(t.Context(), encoded, "wrong"); return err }},
		{"an unknown user, the first time", func() error { return h.VerifyNobody(t.Context(), "swordfish") }},
		{"an unknown user, the second time", func() error { return h.VerifyNobody(t.Context(), "swordfish") }},
		{"an unknown user with a novel", func() error { return h.VerifyNobody(t.Context(), strings.Repeat("x", 1<<20)) }},
	} {
		before := h.Hashes()
		if err := test.call(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got := h.Hashes() - before; got != 1 {
			t.Errorf("%s: got %d hashes, want 1", test.name, got)
		}
	}
}

func TestACostOutsideTheLimitsIsRefused(t *testing.T) {
	for name, h := range map[string]*Hasher{
		"too little memory for the lanes": {Memory: 8, Threads: 2},
		"too much memory":                 {Memory: maxMemory + 1},
		"too many passes":                 {Time: maxTime + 1},
		"too many lanes":                  {Threads: maxThreads + 1},
	} {
		t.Run(name, func(t *testing.T) {
			if h.Validate() == nil {
				t.Error("Validate gave no error")
			}
			if _, err := h.Hash(t.Context(), "swordfish"); err == nil {
				t.Error("Hash gave no error")
			}
			if h.VerifyNobody(t.Context(), "swordfish") == nil {
				t.Error("VerifyNobody gave no error")
			}
		})
	}
	if err := (&Hasher{}).Validate(); err != nil {
		t.Errorf("the zero value: %v", err)
	}
}

func hash(t *testing.T, h *Hasher, password string) string {
	t.Helper()
	encoded, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func verify(t *testing.T, h *Hasher, encoded, password string, wantOK, wantRehash bool) {
	t.Helper()
	ok, rehash, err := h.Verify(t.Context(), encoded, password)
	if err != nil {
		t.Fatal(err)
	}
	if ok != wantOK || rehash != wantRehash {
		t.Errorf("got ok %v, needsRehash %v, want %v, %v", ok, rehash, wantOK, wantRehash)
	}
}

func BenchmarkHash(b *testing.B) {
	var h Hasher
	b.ReportAllocs()
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse battery staple"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	h := Hasher{Queue: 1000}
	encoded, err := h.Hash(b.Context(), "correct horse battery staple")
	if err != nil {
		b.Fatal(err)
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if ok, _, err := h.Verify(b.Context(), encoded, "correct horse battery staple"); !ok || err != nil {
				b.Error(ok, err)
			}
		}
	})
}
