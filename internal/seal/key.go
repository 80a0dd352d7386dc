// Package seal encrypts what the database holds and must not show: each value
// under a data key of its own, wrapped by a key-encryption key that lives outside
// the database. It owns the envelope's form, the key file and the derivation of
// named HMAC keys. Where sealed values are stored is left to the rooms.
//
// Words: the key is the key-encryption key (KEK); a box is an instance's view of
// it; a place says which table, row and column a value belongs to, so that a
// sealed value moved elsewhere does not open.
package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

const (
	keyBytes = 32
	idBytes  = 8
)

// Key is a key-encryption key: 256 random bits and the short id that sealed
// values carry, so that a value tells which key it needs.
type Key struct {
	id     [idBytes]byte
	secret [keyBytes]byte
}

// keyFilePrefix opens a key file, so that a wrong file is told from a wrong key.
const keyFilePrefix = "nod-sealing-key-1:"

// NewKey draws a fresh key.
func NewKey() *Key {
	var secret [keyBytes]byte
	rand.Read(secret[:])
	return newKey(secret)
}

func newKey(secret [keyBytes]byte) *Key {
	k := &Key{secret: secret}
	sum := sha256.Sum256(append([]byte("nod-key-id"), secret[:]...))
	copy(k.id[:], sum[:])
	return k
}

// ParseKey reads the text of a key file.
func ParseKey(text string) (*Key, error) {
	encoded, ok := strings.CutPrefix(strings.TrimSpace(text), keyFilePrefix)
	if !ok {
		return nil, fmt.Errorf("not a sealing key: it does not begin with %q", keyFilePrefix)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil || len(raw) != keyBytes {
		return nil, fmt.Errorf("not a sealing key: want %d bytes in base64url after the prefix", keyBytes)
	}
	return newKey([keyBytes]byte(raw)), nil
}

// ErrOpenToOthers is returned for a key file that other users may read.
var ErrOpenToOthers = errors.New("the sealing key file may be read by others; run chmod 600 on it")

// LoadKey reads a key file. It returns an error that wraps fs.ErrNotExist when
// there is none.
func LoadKey(path string) (*Key, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s: %w", path, ErrOpenToOthers)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	key, err := ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// LoadOrCreateKey reads the key file, or writes a fresh one with mode 0600. Of two
// processes that create it at once, both end up with the same key.
func LoadOrCreateKey(path string) (*Key, error) {
	key, err := LoadKey(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	key = NewKey()
	temp, err := os.CreateTemp(filepath.Dir(path), ".sealing-key-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	defer os.Remove(temp.Name())
	text := keyFilePrefix + base64.RawURLEncoding.EncodeToString(key.secret[:]) + "\n"
	_, err = temp.WriteString(text)
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	// Link fails if somebody else was quicker; then his key is the one.
	if err := os.Link(temp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("sealing key: %w", err)
	}
	return LoadKey(path)
}
