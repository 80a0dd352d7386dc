package blocklist

import (
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
)

func TestTheListIsWholeSortedAndLargeEnough(t *testing.T) {
	if Count < 100_000 {
		t.Errorf("got %d entries, want at least 100,000", Count)
	}
	if got, want := len(entries), Count*EntrySize; got != want {
		t.Fatalf("got %d bytes, want %d", got, want)
	}
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(entries))); got != checksum {
		t.Errorf("got checksum %s, want %s", got, checksum)
	}
	for i := 1; i < Count; i++ {
		if entry(entries, i-1) >= entry(entries, i) {
			t.Fatalf("entries %d and %d are not in order", i-1, i)
		}
	}
}

func TestEveryEntryIsFound(t *testing.T) {
	for i := range Count {
		if !find(entries, entry(entries, i)) {
			t.Fatalf("entry %d is on the list and was not found", i)
		}
	}
}

func TestKeysBetweenEntriesAreNotFound(t *testing.T) {
	for i := 1; i < Count; i++ {
		key := entry(entries, i) - 1
		if key != entry(entries, i-1) && find(entries, key) {
			t.Fatalf("key %x before entry %d was found", key, i)
		}
	}
	if find(entries, entry(entries, Count-1)+1) || find("", 7) {
		t.Error("a key outside the list was found")
	}
}

func TestWellKnownPasswordsAreFoundInAnyCase(t *testing.T) {
	for _, password := range []string{
		"password", "PASSWORD", "PassWord", "12345678", "1234567890", "qwertyuiop", "1qaz2wsx", "iloveyou",
		"sunshine", "football", "trustno1", "password1", "password123", "Passw0rd", "letmein1", "jennifer",
		"1q2w3e4r5t", "ｐａｓｓｗｏｒｄ",
	} {
		if !Contains(password) {
			t.Errorf("%q was not found", password)
		}
	}
}

func TestRandomPasswordsAreNotFound(t *testing.T) {
	for range 10_000 {
		if password := rand.Text(); Contains(password) {
			t.Errorf("%q was found", password)
		}
	}
}

func TestPasswordsNoPolicyAcceptsAreLeftOut(t *testing.T) {
	for _, password := range []string{"", "123456", "qwerty", "dragon"} {
		if Contains(password) {
			t.Errorf("%q is shorter than %d characters and was found", password, MinLength)
		}
	}
}

func TestALookupAllocatesNoMoreThanFolding(t *testing.T) {
	if got := testing.AllocsPerRun(100, func() { Contains("correct horse battery") }); got > 1 {
		t.Errorf("got %v allocations, want at most 1", got)
	}
}

func FuzzContains(f *testing.F) {
	f.Add("password")
	f.Add("\xff\x00 ß İ")
	f.Fuzz(func(t *testing.T, password string) {
		if Contains(password) != Contains(Fold(password)) {
			t.Errorf("folding %q changes the answer", password)
		}
	})
}

func BenchmarkContains(b *testing.B) {
	for _, password := range []string{"password123", "correct horse battery staple"} {
		b.Run(strings.ReplaceAll(password, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Contains(password)
			}
		})
	}
}
