package push

import (
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// How long a token is good, and how long it is used. Push services take at most 24 h
// (RFC 8292, section 2); an hour is left for clocks that differ.
const (
	tokenLife  = 12 * time.Hour
	tokenUse   = 11 * time.Hour
	tokensKept = 500
)

// tokens keeps one token for each origin: signing costs as much as the encryption of
// a message. A token names its origin, so none is of use at another push service.
type tokens struct {
	subject string
	now     func() time.Time

	mu   sync.Mutex
	kept map[string]token
}

type token struct {
	text   string
	madeAt time.Time
}

func (t *tokens) get(origin string, key *ecdsa.PrivateKey) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if kept, ok := t.kept[origin]; ok {
		// One from the future was made by a clock that has been set back since.
		if age := now.Sub(kept.madeAt); age >= 0 && age < tokenUse {
			return kept.text, nil
		}
	}
	text, err := signToken(key, origin, t.subject, now.Add(tokenLife))
	if err != nil {
		return "", err
	}
	if t.kept == nil || len(t.kept) >= tokensKept {
		t.kept = map[string]token{} // origins below a wildcard are as many as people make up
	}
	t.kept[origin] = token{text, now}
	return text, nil
}

// forget makes the next message to an origin carry a new token: the old one was
// refused, perhaps because a clock was wrong.
func (t *tokens) forget(origin string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.kept, origin)
}

// tokenHeader is {"typ":"JWT","alg":"ES256"}.
var tokenHeader = base64url([]byte(`{"typ":"JWT","alg":"ES256"}`))

// signToken makes the JWT of RFC 8292, section 2.
func signToken(key *ecdsa.PrivateKey, origin, subject string, expires time.Time) (string, error) {
	claims, err := json.Marshal(struct {
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
		Subject  string `json:"sub,omitempty"`
	}{origin, expires.Unix(), subject})
	if err != nil {
		return "", err
	}
	signed := tokenHeader + "." + base64url(claims)
	hash := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, hash[:])
	if err != nil {
		return "", err
	}
	var signature [64]byte // r ‖ s (RFC 7518, section 3.4)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return signed + "." + base64url(signature[:]), nil
}
