package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// The body of a message (RFC 8188, section 2.1): salt, record size, length of the key
// id, key id, and one record that ends in the delimiter and padding.
const (
	saltBytes   = 16
	recordSize  = 4096
	headerBytes = saltBytes + 4 + 1 + publicKeyBytes
	tagBytes    = 16

	// bodyBytes is the length of every message, whatever it holds, so that its length
	// tells nothing.
	bodyBytes = 512
	// maxPayload is how much fits: one byte is the delimiter.
	maxPayload = bodyBytes - headerBytes - tagBytes - 1
)

var errLongPayload = errors.New("the payload is too long for a push message")

// encrypt makes the body of a message for one subscription (RFC 8291). Key and salt
// are fresh for every message.
func encrypt(s Subscription, payload []byte) ([]byte, error) {
	if len(payload) > maxPayload {
		return nil, errLongPayload
	}
	own, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("draw a key: %w", err)
	}
	var salt [saltBytes]byte
	rand.Read(salt[:])
	return encryptWith(s, payload, own, salt, bodyBytes)
}

// encryptWith leaves nothing to chance. size is the length of the body; 0 means no
// padding.
func encryptWith(s Subscription, payload []byte, own *ecdh.PrivateKey, salt [saltBytes]byte, size int) ([]byte, error) {
	theirs, err := s.key()
	if err != nil {
		return nil, err
	}
	shared, err := own.ECDH(theirs)
	if err != nil {
		return nil, fmt.Errorf("agree on a key: %w", err)
	}
	key, nonce, err := contentKey(shared, s.Auth, s.P256DH, own.PublicKey().Bytes(), salt[:])
	if err != nil {
		return nil, err
	}
	size = max(size, headerBytes+len(payload)+1+tagBytes)
	body := make([]byte, headerBytes, size)
	copy(body, salt[:])
	binary.BigEndian.PutUint32(body[saltBytes:], recordSize)
	body[saltBytes+4] = publicKeyBytes
	copy(body[saltBytes+5:], own.PublicKey().Bytes())

	record := make([]byte, size-headerBytes-tagBytes) // a copy: the caller's payload may be shared
	copy(record, payload)
	record[len(payload)] = 2 // the last record (RFC 8188, section 2); zeros follow
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return aead.Seal(body, nonce, record, nil), nil
}

// contentKey derives key and nonce of the one record (RFC 8291, section 3.4, and
// RFC 8188, sections 2.2 and 2.3).
func contentKey(shared, auth, theirs, ours, salt []byte) (key, nonce []byte, err error) {
	info := "WebPush: info\x00" + string(theirs) + string(ours)
	ikm, err := hkdf.Key(sha256.New, shared, auth, info, 32)
	if err != nil {
		return nil, nil, err
	}
	prk, err := hkdf.Extract(sha256.New, ikm, salt)
	if err != nil {
		return nil, nil, err
	}
	if key, err = hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16); err != nil {
		return nil, nil, err
	}
	nonce, err = hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12)
	return key, nonce, err
}
