// Package dpop judges proofs that the sender of a request holds a key (RFC 9449). It owns
// what a proof must say, the nonces that tie one to this server, and that a proof counts
// once. What is bound to the key is left to others; devices, whose proofs also cover the
// body, have their own in devices/protocol.
//
// Words: a proof is the token in the header DPoP; its thumbprint (jkt) names the key; a
// nonce is a text of ours that the sender puts into a proof, which shows that the proof was
// made just now.
package dpop

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/jws"
)

// What can be wrong with a proof (RFC 9449, sections 5 and 8).
var (
	ErrInvalid  = errors.New("invalid DPoP proof")
	ErrUseNonce = errors.New("a DPoP proof with a nonce of this server is needed")
)

// How far the clock of the sender may be off, and how long a proof may be.
const (
	Window   = 60 * time.Second
	maxProof = 8 << 10
	maxID    = 256
)

// Request is what a proof is checked against.
type Request struct {
	Method string
	URL    string // without query and fragment
	// AccessToken came with the request; the proof must hold its hash (RFC 9449, section
	// 4.3). "" where none is expected.
	AccessToken string
	// DemandNonce refuses proofs without a nonce of ours.
	DemandNonce bool
	Algorithms  []string // nil means all of internal/jws
}

// Proof is what remains of a proof that holds.
type Proof struct {
	Thumbprint string // of the key, RFC 7638 with SHA-256
	ID         string
	Expires    time.Time // when the proof would be refused for its age alone
}

// Judge checks proofs. DB and NonceKey must be set.
type Judge struct {
	DB       *db.DB
	NonceKey []byte           // 32 secret bytes, the same on every node
	Since    time.Time        // proofs made before are refused: a restore forgot which were used
	Now      func() time.Time // nil means time.Now
}

// claims are those of a proof (RFC 9449, section 4.2).
type claims struct {
	Method    string   `json:"htm"`
	URL       string   `json:"htu"`
	IssuedAt  *float64 `json:"iat"` // NumericDate may have a fraction (RFC 7519, section 2)
	NotBefore *float64 `json:"nbf"` // not asked for, but respected (RFC 7519, section 4.1.5)
	Expires   *float64 `json:"exp"`
	ID        string   `json:"jti"`
	Hash      string   `json:"ath"`
	Nonce     string   `json:"nonce"`
}

// Use checks a proof and uses it up: the same one is refused from then on, on every node
// and after a restart. Errors wrap ErrInvalid or ErrUseNonce, or are the database's.
func (j *Judge) Use(ctx context.Context, text string, r Request) (Proof, error) {
	p, err := j.check(text, r)
	if err != nil {
		return Proof{}, err
	}
	err = j.DB.Write(ctx, func(tx *db.Tx) error { return tx.Once("dpop", p.Thumbprint+" "+p.ID, p.Expires) })
	if errors.Is(err, db.ErrReplayed) {
		return Proof{}, fmt.Errorf("%w: it was used before", ErrInvalid)
	}
	if err != nil {
		return Proof{}, fmt.Errorf("use up a DPoP proof: %w", err)
	}
	return p, nil
}

// check is RFC 9449, section 4.3, but for single use. The nonce is judged last, so that
// whoever is told to use one knows that everything else was right.
func (j *Judge) check(text string, r Request) (Proof, error) {
	c, thumbprint, err := open(text, r.Algorithms)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	sum := sha256.Sum256([]byte(r.AccessToken))
	switch {
	case c.Method != r.Method:
		err = errors.New("htm is another method")
	case !sameURL(c.URL, r.URL):
		err = errors.New("htu is another address")
	case c.ID == "" || len(c.ID) > maxID:
		err = errors.New("jti is missing or too long")
	case c.IssuedAt == nil:
		err = errors.New("iat is missing")
	case r.AccessToken != "" && subtle.ConstantTimeCompare([]byte(c.Hash), []byte(base64.RawURLEncoding.EncodeToString(sum[:]))) != 1:
		err = errors.New("ath is not the hash of the access token")
	}
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	expires, err := j.fresh(c, r.DemandNonce)
	return Proof{Thumbprint: thumbprint, ID: c.ID, Expires: expires}, err
}

// fresh says until when a proof counts: by its own clock, or by a nonce of ours where the
// clock runs a few minutes behind. One that runs ahead is refused either way (FAPI 2.0
// Security Profile, section 5.3.2.1): its proofs would count for longer than anybody meant.
func (j *Judge) fresh(c claims, demand bool) (time.Time, error) {
	now, issued := j.now(), moment(*c.IssuedAt)
	switch {
	case issued.Sub(now) > Window, c.NotBefore != nil && moment(*c.NotBefore).Sub(now) > Window:
		return time.Time{}, fmt.Errorf("%w: iat or nbf lies ahead", ErrInvalid)
	case issued.Before(j.Since):
		return time.Time{}, fmt.Errorf("%w: it was made before the database was restored", ErrInvalid)
	case now.Sub(issued) > Window+NonceLife, c.Expires != nil && !now.Before(moment(*c.Expires)):
		return time.Time{}, fmt.Errorf("%w: iat is too old for any nonce, or exp is over", ErrInvalid)
	}
	until, ours := j.nonceUntil(c.Nonce, now)
	switch {
	case ours:
		return until, nil
	case c.Nonce != "" || demand:
		return time.Time{}, fmt.Errorf("%w: the nonce is missing or too old", ErrUseNonce)
	case now.Sub(issued) > Window:
		return time.Time{}, fmt.Errorf("%w: iat is too old", ErrUseNonce)
	}
	return issued.Add(Window), nil
}

// moment keeps absurd numbers within what a time can hold.
func moment(seconds float64) time.Time {
	const most = 1 << 40
	return time.UnixMilli(int64(min(max(seconds, 0), most) * 1000))
}

// open verifies a proof's signature by the key that it carries.
func open(text string, algorithms []string) (c claims, thumbprint string, err error) {
	if len(text) > maxProof {
		return c, "", errors.New("it is too long")
	}
	if algorithms == nil {
		algorithms = jws.Algorithms()
	}
	token, err := jws.Parse(text, algorithms)
	if err != nil {
		return c, "", err
	}
	if token.Type != "dpop+jwt" || token.JWK == nil || !token.JWK.IsPublic() {
		return c, "", errors.New("typ is not dpop+jwt, or there is no public key in it")
	}
	payload, err := token.Verify(token.JWK.Key)
	if err != nil {
		return c, "", err
	}
	if _, err := jws.Object(payload); err != nil {
		return c, "", fmt.Errorf("the payload %w", err)
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return c, "", errors.New("the claims are not what they should be")
	}
	sum, err := token.JWK.Thumbprint(crypto.SHA256)
	return c, base64.RawURLEncoding.EncodeToString(sum), err
}

func (j *Judge) now() time.Time {
	if j.Now == nil {
		return time.Now()
	}
	return j.Now()
}
