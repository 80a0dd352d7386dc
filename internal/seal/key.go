// Package seal encrypts what the database holds and must not show: each value
// under a data key of its own, wrapped by a key-encryption key that lives outside
// the database. It owns the envelope's form, the key file and the derivation of
// named HMAC keys. Where sealed values are stored is left to the rooms.
//
// Words: the key is the key-encryption key (KEK); a box is an instance's view of
// it; a place says which table, row and column a value belongs to, so that a
// sealed value moved elsewhere does not open. A ring is the keys of one installation:
// one of them seals, and all of them open, so that the key can be changed while servers
// run.
package seal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
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

// ParseKey reads the text of one key.
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

// text is what a key file holds of the key.
func (k *Key) text() string {
	return keyFilePrefix + base64.RawURLEncoding.EncodeToString(k.secret[:]) + "\n"
}

// ID tells the key from others. It is no secret: sealed values carry it.
func (k *Key) ID() string { return hex.EncodeToString(k.id[:]) }

// Ring returns a ring of this key alone, which is in no file.
func (k *Key) Ring() *Ring { return NewRing(k) }
