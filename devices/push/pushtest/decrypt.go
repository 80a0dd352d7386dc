package pushtest

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// The parts of a body (RFC 8188, section 2.1) with the sender's key as key id
// (RFC 8291, section 4).
const (
	saltEnd = 16
	sizeEnd = saltEnd + 4
	keyEnd  = sizeEnd + 1 + 65
	tag     = 16
)

func checkBody(body []byte) error {
	if len(body) < keyEnd+tag+1 || body[sizeEnd] != 65 {
		return errors.New("the body does not begin with salt, record size and key (RFC 8291, section 4)")
	}
	if size := binary.BigEndian.Uint32(body[saltEnd:]); size < 18 || int(size) < len(body)-keyEnd {
		return errors.New("the body is more than one record (RFC 8291, section 4)")
	}
	return nil
}

// Decrypt opens the body of a message as a browser would (RFC 8291, section 3.4, and
// RFC 8188, section 2). It is written from the standards and shares nothing with the
// encryption it is there to test.
func Decrypt(private *ecdh.PrivateKey, auth, body []byte) ([]byte, error) {
	if err := checkBody(body); err != nil {
		return nil, err
	}
	salt, sender := body[:saltEnd], body[sizeEnd+1:keyEnd]
	public, err := ecdh.P256().NewPublicKey(sender)
	if err != nil {
		return nil, err
	}
	shared, err := private.ECDH(public)
	if err != nil {
		return nil, err
	}
	info := append([]byte("WebPush: info\x00"), private.PublicKey().Bytes()...)
	info = append(info, sender...)
	ikm := mac(mac(auth, shared), info, []byte{1})
	prk := mac(salt, ikm)
	key := mac(prk, []byte("Content-Encoding: aes128gcm\x00\x01"))[:16]
	nonce := mac(prk, []byte("Content-Encoding: nonce\x00\x01"))[:12]
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	record, err := aead.Open(nil, nonce, body[keyEnd:], nil)
	if err != nil {
		return nil, err
	}
	end := len(record) - 1
	for end >= 0 && record[end] == 0 {
		end--
	}
	if end < 0 || record[end] != 2 {
		return nil, errors.New("the record has no delimiter of a last record (RFC 8188, section 2)")
	}
	return record[:end], nil
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return h.Sum(nil)
}
