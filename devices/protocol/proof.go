package protocol

import (
	"crypto/ecdsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// ClockWindow is how far a proof's iat may lie from the server's time, and how
// old the server's nonce may be.
const ClockWindow = 60 * time.Second

// claims are the payload of a DPoP proof (RFC 9449, section 4.2) with one
// member of our own, bh, the hash of the request body.
type claims struct {
	Method   string `json:"htm"`
	URL      string `json:"htu"`
	IssuedAt *int64 `json:"iat"`
	ID       string `json:"jti"`
	BodyHash string `json:"bh"`
	Nonce    string `json:"nonce,omitempty"`
}

// Proof is what remains of a verified proof.
type Proof struct {
	// Thumbprint is the key's (RFC 7638).
	Thumbprint string
	// ID is the proof's jti. A pair of Thumbprint and ID counts once; the
	// second time is ErrReplayed.
	ID string
	// Expires is when the proof stops being acceptable by time alone, and its
	// ID may be forgotten.
	Expires time.Time
}

// Verifier checks requests on the server. It is safe for concurrent use.
type Verifier struct {
	publicURL string
	nonceKey  []byte
}

// NewVerifier returns a verifier for requests to a public URL such as
// "https://login.example.com". The key makes DPoP nonces: 32 secret bytes at
// least, the same on every node.
func NewVerifier(publicURL string, nonceKey []byte) (*Verifier, error) {
	parsed, err := url.Parse(publicURL)
	if err != nil || parsed.Scheme == "" || parsed.Host == "" || parsed.RawQuery != "" || parsed.Fragment != "" {
		return nil, fmt.Errorf("public URL %q is not scheme, host and path", publicURL)
	}
	if len(nonceKey) < 32 {
		return nil, errors.New("nonce key is shorter than 32 bytes")
	}
	return &Verifier{publicURL: publicURL, nonceKey: nonceKey}, nil
}

// URL returns the htu of a verb's requests below a public URL.
func URL(publicURL, verb string) string { return strings.TrimSuffix(publicURL, "/") + Path(verb) }

// VerifyProof checks the DPoP header of a request with this body to this verb
// (RFC 9449, section 4.3). The request must have exactly one such header. The
// time is judged last, so that ErrUseNonce tells the truth: everything but the
// clock is right.
func (v *Verifier) VerifyProof(proof string, key *ecdsa.PublicKey, verb string, body []byte, now time.Time) (Proof, error) {
	if len(proof) > MaxProof {
		return Proof{}, fmt.Errorf("%w: proof of %d bytes", ErrTooLarge, len(proof))
	}
	c, err := openProof(proof, key)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrInvalidProof, err)
	}
	if c.Method != method || c.URL != URL(v.publicURL, verb) || c.BodyHash != bodyHash(body) {
		return Proof{}, fmt.Errorf("%w: proof is for another request", ErrInvalidProof)
	}
	expires, err := v.proofExpires(c, now)
	if err != nil {
		return Proof{}, err
	}
	jkt, err := Thumbprint(key)
	if err != nil {
		return Proof{}, fmt.Errorf("%w: %w", ErrInvalidProof, err)
	}
	return Proof{Thumbprint: jkt, ID: c.ID, Expires: expires}, nil
}

// openProof verifies a proof's signature by the device's own key. The key that
// the proof names must be that one, and is never trusted for itself.
func openProof(proof string, key *ecdsa.PublicKey) (claims, error) {
	parsed, err := parseToken(proof, typeProof)
	if err != nil {
		return claims{}, err
	}
	if parsed.key == nil || !sameKey(parsed.key, key) {
		return claims{}, errors.New("proof is by another key")
	}
	payload, err := parsed.verify(key)
	if err != nil {
		return claims{}, err
	}
	var c claims
	if err := decodeObject(payload, &c); err != nil {
		return claims{}, err
	}
	if c.IssuedAt == nil || *c.IssuedAt < 0 || *c.IssuedAt > 1<<40 {
		return claims{}, errors.New("iat is missing or absurd")
	}
	// 16 characters of base64url are 96 bits, enough never to repeat.
	if len(c.ID) < 16 || !isToken(c.ID, 64) {
		return claims{}, errors.New("jti is not 16 to 64 characters")
	}
	return c, nil
}

// proofExpires accepts a proof by its own clock or by our nonce, and says
// until when the more generous of the two would accept it.
func (v *Verifier) proofExpires(c claims, now time.Time) (time.Time, error) {
	var expires time.Time
	issued := time.Unix(*c.IssuedAt, 0)
	if now.Sub(issued).Abs() <= ClockWindow {
		expires = issued.Add(ClockWindow)
	}
	if made, err := v.openNonce(c.Nonce); err == nil && now.Sub(made).Abs() <= ClockWindow {
		if until := made.Add(ClockWindow); until.After(expires) {
			expires = until
		}
	}
	if expires.IsZero() {
		return expires, fmt.Errorf("%w: iat is off", ErrUseNonce)
	}
	return expires, nil
}

// bodyHash is the bh of a body.
func bodyHash(body []byte) string {
	digest := sha256.Sum256(body)
	return base64.RawURLEncoding.EncodeToString(digest[:])
}
