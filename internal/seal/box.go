package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Box seals and opens the values of one instance. It is safe for concurrent use.
type Box struct {
	instance string
	ring     *Ring
	root     []byte // the secret that HMAC keys are derived from, sealed in the instance row
}

// Place says where a sealed value belongs. It is bound to the ciphertext.
type Place struct{ Table, Row, Column string }

// Errors of Open.
var (
	ErrWrongKey = errors.New("sealed under another key")
	ErrDamaged  = errors.New("sealed value is damaged or in the wrong place")
)

// The envelope: version ‖ key id ‖ nonce and wrapped data key ‖ nonce ‖ ciphertext.
const (
	version     = 1
	nonceBytes  = 12
	tagBytes    = 16
	wrappedEnd  = 1 + idBytes + nonceBytes + keyBytes + tagBytes
	minEnvelope = wrappedEnd + nonceBytes + tagBytes
)

// Keys is a *Ring, or one *Key.
type Keys interface{ Ring() *Ring }

// NewBox makes the box of an instance. root is nil until the instance's root
// secret has been opened; WithRoot adds it.
func NewBox(instance string, keys Keys) *Box { return &Box{instance: instance, ring: keys.Ring()} }

// Ring returns the keys that the box seals and opens with.
func (b *Box) Ring() *Ring { return b.ring }

// WithRoot returns the box with the secret that HMAC keys are derived from.
func (b *Box) WithRoot(root []byte) *Box {
	return &Box{instance: b.instance, ring: b.ring, root: root}
}

// Seal encrypts plaintext for one place: AES-256-GCM under a fresh data key, which
// is itself wrapped by the key-encryption key.
func (b *Box) Seal(at Place, plaintext []byte) []byte {
	key := b.ring.Sealing()
	var dek [keyBytes]byte
	rand.Read(dek[:])
	aad := b.additionalData(at)
	out := make([]byte, 0, minEnvelope+len(plaintext))
	out = append(out, version)
	out = append(out, key.id[:]...)
	out = sealTo(out, key.secret[:], dek[:], aad)
	return sealTo(out, dek[:], plaintext, aad)
}

// Open decrypts what Seal made for the same place. It returns ErrWrongKey when
// another key is needed and ErrDamaged for everything else.
func (b *Box) Open(at Place, sealed []byte) ([]byte, error) {
	if len(sealed) < minEnvelope || sealed[0] != version {
		return nil, fmt.Errorf("open %s.%s: %w", at.Table, at.Column, ErrDamaged)
	}
	key := b.ring.find([idBytes]byte(sealed[1 : 1+idBytes]))
	if key == nil {
		return nil, fmt.Errorf("open %s.%s: %w", at.Table, at.Column, ErrWrongKey)
	}
	aad := b.additionalData(at)
	dek, err := openFrom(key.secret[:], sealed[1+idBytes:wrappedEnd], aad)
	if err != nil {
		return nil, fmt.Errorf("open %s.%s: %w", at.Table, at.Column, ErrDamaged)
	}
	plaintext, err := openFrom(dek, sealed[wrappedEnd:], aad)
	if err != nil {
		return nil, fmt.Errorf("open %s.%s: %w", at.Table, at.Column, ErrDamaged)
	}
	return plaintext, nil
}

// Subkey derives a 256-bit HMAC key for one named purpose from the root secret
// (HKDF-SHA256, RFC 5869).
func (b *Box) Subkey(purpose string) []byte {
	if b.root == nil {
		panic("seal: a subkey was asked for before the root secret was opened")
	}
	key, err := hkdf.Key(sha256.New, b.root, []byte(b.instance), "nod-subkey:"+purpose, keyBytes)
	if err != nil {
		panic("seal: " + err.Error()) // only for lengths that HKDF cannot make
	}
	return key
}

// MAC is HMAC-SHA256 of the parts, each with its length, under the subkey of a
// purpose. It is how values of fewer than 128 bits are stored or derived.
func (b *Box) MAC(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, b.Subkey(purpose))
	for _, p := range parts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

func (b *Box) additionalData(at Place) []byte {
	var aad []byte
	for _, p := range []string{"nod-seal", b.instance, at.Table, at.Row, at.Column, "1"} {
		aad = binary.BigEndian.AppendUint32(aad, uint32(len(p)))
		aad = append(aad, p...)
	}
	return aad
}

func sealTo(out, key, plaintext, aad []byte) []byte {
	nonce := make([]byte, nonceBytes)
	rand.Read(nonce)
	return gcm(key).Seal(append(out, nonce...), nonce, plaintext, aad)
}

func openFrom(key, sealed, aad []byte) ([]byte, error) {
	return gcm(key).Open(nil, sealed[:nonceBytes], sealed[nonceBytes:], aad)
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("seal: " + err.Error()) // the length is fixed
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic("seal: " + err.Error())
	}
	return aead
}
