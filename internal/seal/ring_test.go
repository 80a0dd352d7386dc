package seal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestARingOpensWhatAnyOfItsKeysSealed(t *testing.T) {
	old, fresh, place := NewKey(), NewKey(), Place{"t", "r", "c"}
	before := NewBox("ins_1", old).Seal(place, []byte("x"))
	box := NewBox("ins_1", NewRing(fresh, old))
	if got, err := box.Open(place, before); err != nil || string(got) != "x" {
		t.Errorf("under the old key: got %q, %v", got, err)
	}
	if _, err := NewBox("ins_1", old).Open(place, box.Seal(place, []byte("x"))); !errors.Is(err, ErrWrongKey) {
		t.Errorf("got %v, want what is sealed now to need the new key", err)
	}
	if err := box.Ring().Use(before); err != nil || box.Ring().Sealing() != old {
		t.Errorf("got %v, want the old key to seal", err)
	}
	if err := box.Ring().Use(NewBox("ins_1", NewKey()).Seal(place, nil)); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a key that the ring lacks: got %v, want ErrWrongKey", err)
	}
}

func TestARingLearnsOfKeysThatAreAddedToItsFile(t *testing.T) {
	path, place := filepath.Join(t.TempDir(), "sealing.key"), Place{"t", "r", "c"}
	ring, err := LoadOrCreateRing(path)
	if err != nil {
		t.Fatal(err)
	}
	first := ring.Sealing()
	fresh, err := AddKey(path)
	if err != nil {
		t.Fatal(err)
	}
	after := NewBox("ins_1", fresh).Seal(place, []byte("x"))
	box := NewBox("ins_1", ring)
	if got, err := box.Open(place, after); err != nil || string(got) != "x" {
		t.Errorf("got %q, %v", got, err)
	}
	if ring.Sealing().id != first.id {
		t.Error("the new key seals before anybody said so")
	}

	retired, err := Retire(path, fresh)
	if err != nil || retired == "" {
		t.Fatalf("got %q, %v", retired, err)
	}
	if again, err := LoadRing(path); err != nil || len(again.IDs()) != 1 || again.Sealing().id != fresh.id {
		t.Errorf("after the old key was retired: got %v, %v", again.IDs(), err)
	}
	if old, err := LoadRing(retired); err != nil || old.Sealing().id != first.id {
		t.Errorf("of the retired keys: got %v, %v", old.IDs(), err)
	}
	if again, err := Retire(path, fresh); err != nil || again != "" {
		t.Errorf("again: got %q, %v", again, err)
	}
	if _, err := Retire(path, first); !errors.Is(err, ErrWrongKey) {
		t.Errorf("a key that is not in the file: got %v, want ErrWrongKey", err)
	}
}

func TestAKeyFileThatIsNoneIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealing.key")
	if _, err := LoadRing(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want fs.ErrNotExist", err)
	}
	good := NewKey().text()
	for _, text := range []string{"", "\n", "x", good + "x", good + "\n" + good} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadRing(path); err == nil {
			t.Errorf("%q: got no error", text)
		}
	}
}

func TestACredentialOfSystemdMayBeReadableByItsGroup(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sealing.key")
	if err := os.WriteFile(path, []byte(NewKey().text()), 0o440); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRing(path); !errors.Is(err, ErrOpenToOthers) {
		t.Errorf("elsewhere: got %v, want ErrOpenToOthers", err)
	}
	t.Setenv(CredentialsVariable, dir)
	if _, err := LoadRing(path); err != nil {
		t.Errorf("in the credentials directory: %v", err)
	}
	if err := os.Chmod(path, 0o444); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadRing(path); !errors.Is(err, ErrOpenToOthers) {
		t.Errorf("for everybody: got %v, want ErrOpenToOthers", err)
	}
}

func TestAFileThatWasNotTouchedIsNotReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sealing.key")
	ring, err := LoadOrCreateRing(path)
	if err != nil {
		t.Fatal(err)
	}
	stamp := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(path, stamp, stamp); err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, stamp, stamp); err != nil {
		t.Fatal(err)
	}
	if err := ring.Reload(); err != nil {
		t.Errorf("got %v, want the file left alone", err)
	}
}
