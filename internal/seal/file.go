package seal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/nod-idp/nod/internal/durable"
)

// ErrOpenToOthers is returned for a key file that other users may read.
var ErrOpenToOthers = errors.New("the sealing key file may be read by others; run chmod 600 on it")

// mostKeys bounds a key file. It holds two while the key is changed.
const mostKeys = 16

// CredentialsVariable names the directory in which systemd puts the credentials of a
// service. Their files are protected by the directory, and may be readable by a group.
const CredentialsVariable = "CREDENTIALS_DIRECTORY"

// LoadRing reads a key file: one key in each line. It returns an error that wraps
// fs.ErrNotExist when there is none.
func LoadRing(path string) (*Ring, error) {
	r := &Ring{path: path}
	return r, r.Reload()
}

// LoadOrCreateRing reads the key file, or writes one with a fresh key and mode 0600. Of
// two processes that create it at once, both end up with the same key.
func LoadOrCreateRing(path string) (*Ring, error) {
	r, err := LoadRing(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return r, err
	}
	// Link fails if somebody else was quicker; then theirs is the key.
	err = writeKeys(path, []*Key{NewKey()}, os.Link)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return LoadRing(path)
}

func readKeys(path string) (keys []*Key, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	forbidden := fs.FileMode(0o077)
	if dir := os.Getenv(CredentialsVariable); dir != "" && filepath.Dir(path) == filepath.Clean(dir) {
		forbidden = 0o007
	}
	if info.Mode().Perm()&forbidden != 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrOpenToOthers)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if keys, err = parseKeys(string(text)); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

func parseKeys(text string) (keys []*Key, err error) {
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		key, err := ParseKey(line)
		if err != nil {
			return nil, err
		}
		if keys = append(keys, key); len(keys) > mostKeys {
			return nil, fmt.Errorf("there are more than %d sealing keys", mostKeys)
		}
	}
	return keys, nil
}

// AddKey adds a fresh key to the end of a key file, which goes on holding all others.
func AddKey(path string) (*Key, error) {
	keys, err := readKeys(path)
	if err != nil {
		return nil, err
	}
	fresh := NewKey()
	return fresh, writeKeys(path, append(keys, fresh), os.Rename)
}

// Retire leaves only one key in a key file. What else was in it goes to the file of
// retired keys beside it: backups that were made under them need them. It returns that
// file's name, "" if there was nothing to retire.
func Retire(path string, keep *Key) (retired string, err error) {
	keys, err := readKeys(path)
	if err != nil {
		return "", err
	}
	var old []*Key
	for _, k := range keys {
		if k.id != keep.id {
			old = append(old, k)
		}
	}
	if len(old) == 0 {
		return "", nil
	}
	if len(old) == len(keys) {
		return "", fmt.Errorf("%s: %w", path, ErrWrongKey)
	}
	retired = path + ".retired"
	before, err := readKeys(retired)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	known := (&held{keys: before})
	for _, k := range old {
		if known.find(k.id) == nil {
			known.keys = append(known.keys, k)
		}
	}
	if err := writeKeys(retired, known.keys[max(0, len(known.keys)-mostKeys):], os.Rename); err != nil {
		return "", err
	}
	return retired, writeKeys(path, []*Key{keep}, os.Rename)
}

// writeKeys writes a key file aside and then puts it in its place, by a rename or a link,
// so that no moment shows half of it.
func writeKeys(path string, keys []*Key, put func(from, to string) error) error {
	temp, err := os.CreateTemp(filepath.Dir(path), ".sealing-key-*") // mode 0600
	if err != nil {
		return fmt.Errorf("sealing key: %w", err)
	}
	defer os.Remove(temp.Name())
	for _, k := range keys {
		if err == nil {
			_, err = temp.WriteString(k.text())
		}
	}
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return fmt.Errorf("sealing key: %w", err)
	}
	if err := put(temp.Name(), path); err != nil {
		return fmt.Errorf("sealing key: %w", err)
	}
	if err := durable.Sync(filepath.Dir(path)); err != nil {
		return fmt.Errorf("sealing key: %w", err)
	}
	return nil
}
