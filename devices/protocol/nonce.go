package protocol

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"
)

// A nonce is version ‖ server time in milliseconds, 8 bytes big-endian ‖ the
// first 16 bytes of an HMAC-SHA256 over both, in base64url. It carries the
// server's time to a device whose clock is off, and proves, without any store,
// that whoever repeats it spoke to the server within the last minute.
const (
	nonceVersion = 1
	nonceHead    = 1 + 8
	nonceSize    = nonceHead + 16
	nonceDomain  = "nod-dpop-nonce-v1"
)

// Nonce makes the value of a DPoP-Nonce header.
func (v *Verifier) Nonce(now time.Time) string {
	head := binary.BigEndian.AppendUint64([]byte{nonceVersion}, uint64(now.UnixMilli()))
	return base64.RawURLEncoding.EncodeToString(append(head, v.nonceTag(head)...))
}

func (v *Verifier) nonceTag(head []byte) []byte {
	mac := hmac.New(sha256.New, v.nonceKey)
	mac.Write([]byte(nonceDomain))
	mac.Write(head)
	return mac.Sum(nil)[:nonceSize-nonceHead]
}

// openNonce returns when one of our nonces was made.
func (v *Verifier) openNonce(nonce string) (time.Time, error) {
	raw, made, err := readNonce(nonce)
	if err != nil {
		return time.Time{}, err
	}
	if !hmac.Equal(raw[nonceHead:], v.nonceTag(raw[:nonceHead])) {
		return time.Time{}, errors.New("nonce is not ours")
	}
	return made, nil
}

// NonceTime returns the server's time from a nonce, for a device to set its
// offset. A device cannot check it, and need not: it arrived by TLS.
func NonceTime(nonce string) (time.Time, error) {
	_, made, err := readNonce(nonce)
	return made, err
}

func readNonce(nonce string) ([]byte, time.Time, error) {
	raw, err := decodeBase64URL([]byte(nonce))
	if err != nil || len(raw) != nonceSize || raw[0] != nonceVersion {
		return nil, time.Time{}, errors.New("nonce is malformed")
	}
	return raw, time.UnixMilli(int64(binary.BigEndian.Uint64(raw[1:nonceHead]))), nil
}
