package dpop

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// A nonce is version ‖ the minute it was made in, 8 bytes big-endian ‖ the first 16 bytes of
// an HMAC-SHA256 over both, in base64url. Nothing is stored: who repeats it spoke to one of
// our nodes a short while ago.
const (
	nonceVersion = 2 // 1 are those of devices, under another key
	nonceHead    = 1 + 8
	nonceSize    = nonceHead + 16
	nonceStep    = time.Minute
)

// NonceLife is how long a nonce counts, at least four minutes of which remain when it is
// handed out.
const NonceLife = 5 * time.Minute

// Nonce is the value of the header DPoP-Nonce at present. It stays the same for a minute.
func (j *Judge) Nonce() string {
	made := j.now().Truncate(nonceStep)
	head := binary.BigEndian.AppendUint64([]byte{nonceVersion}, uint64(made.Unix()))
	return base64.RawURLEncoding.EncodeToString(append(head, j.nonceTag(head)...))
}

func (j *Judge) nonceTag(head []byte) []byte {
	mac := hmac.New(sha256.New, j.NonceKey)
	mac.Write(head)
	return mac.Sum(nil)[:nonceSize-nonceHead]
}

// nonceUntil says until when a nonce counts, and whether it is ours and does so now.
func (j *Judge) nonceUntil(nonce string, now time.Time) (until time.Time, ours bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(nonce)
	if err != nil || len(raw) != nonceSize || raw[0] != nonceVersion || !hmac.Equal(raw[nonceHead:], j.nonceTag(raw[:nonceHead])) {
		return time.Time{}, false
	}
	made := time.Unix(int64(binary.BigEndian.Uint64(raw[1:nonceHead])), 0)
	until = made.Add(NonceLife)
	return until, now.Before(until) && now.Add(nonceStep).After(made) // another node's clock may be a little ahead
}
