package seal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestASealedValueOpensOnlyInItsOwnPlace(t *testing.T) {
	key := NewKey()
	box := NewBox("ins_1", key)
	place := Place{"devices", "dev_1", "push_secret"}
	sealed := box.Seal(place, []byte("secret"))
	if got, err := box.Open(place, sealed); err != nil || string(got) != "secret" {
		t.Fatalf("got %q, %v", got, err)
	}
	for name, at := range map[string]Place{
		"another row":    {"devices", "dev_2", "push_secret"},
		"another column": {"devices", "dev_1", "pin_secret"},
		"another table":  {"users", "dev_1", "push_secret"},
		"shifted":        {"device", "sdev_1", "push_secret"},
	} {
		if _, err := box.Open(at, sealed); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		}
	}
	if _, err := NewBox("ins_2", key).Open(place, sealed); !errors.Is(err, ErrDamaged) {
		t.Errorf("another instance: got %v, want ErrDamaged", err)
	}
	if _, err := NewBox("ins_1", NewKey()).Open(place, sealed); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: got %v, want ErrWrongKey", err)
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	box := NewBox("ins_1", NewKey())
	place := Place{"t", "r", "c"}
	sealed := box.Seal(place, []byte("x"))
	for i := range sealed {
		bad := bytes.Clone(sealed)
		bad[i] ^= 1
		if _, err := box.Open(place, bad); err == nil {
			t.Errorf("byte %d flipped: got no error", i)
		}
		if _, err := box.Open(place, sealed[:i]); err == nil {
			t.Errorf("cut at %d: got no error", i)
		}
	}
}

func TestSubkeysDifferByPurpose(t *testing.T) {
	box := NewBox("ins_1", NewKey()).WithRoot([]byte("root"))
	if bytes.Equal(box.Subkey("a"), box.Subkey("b")) {
		t.Error("got the same key for two purposes")
	}
	if bytes.Equal(box.MAC("a", "bc", "d"), box.MAC("a", "b", "cd")) {
		t.Error("got the same MAC for parts split elsewhere")
	}
}

func TestTwoProcessesThatCreateTheKeyShareIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealing.key")
	keys := make([]*Ring, 8)
	var wg sync.WaitGroup
	for i := range keys {
		wg.Add(1)
		go func() {
			defer wg.Done()
			var err error
			if keys[i], err = LoadOrCreateRing(path); err != nil {
				t.Error(err)
			}
		}()
	}
	wg.Wait()
	for _, k := range keys {
		if k == nil || *k.Sealing() != *keys[0].Sealing() {
			t.Fatal("got different keys")
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestAKeyFileThatOthersMayReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealing.key")
	if _, err := LoadOrCreateRing(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRing(path); !errors.Is(err, ErrOpenToOthers) {
		t.Errorf("got %v, want ErrOpenToOthers", err)
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add("nod-sealing-key-1:AAAA")
	f.Add(NewKey().text() + NewKey().text())
	f.Fuzz(func(t *testing.T, text string) {
		if keys, err := parseKeys(text); err == nil && len(keys) == 0 {
			t.Error("got neither key nor error")
		}
	})
}

func FuzzOpen(f *testing.F) {
	box := NewBox("ins_1", NewKey())
	f.Add(box.Seal(Place{"t", "r", "c"}, []byte("x")))
	f.Fuzz(func(t *testing.T, sealed []byte) { _, _ = box.Open(Place{"t", "r", "d"}, sealed) })
}
