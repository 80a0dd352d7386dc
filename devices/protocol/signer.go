package protocol

import (
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Signer is the device's side: it signs requests. It is a plain value; whoever
// shares one between goroutines guards Learn.
type Signer struct {
	// Key is the device's key, on P-256.
	Key *ecdsa.PrivateKey
	// DeviceID is what enrol/begin returned; empty before.
	DeviceID string
	// PublicURL is nod's, as the enrolment link gives it.
	PublicURL string
	// Offset is the server's clock minus the device's.
	Offset time.Duration
	// Nonce is the latest DPoP-Nonce, sent while it is fresh.
	Nonce string
}

// Sign returns the body and the DPoP header of a request. Each call makes a
// new proof: a request that is sent again is signed again.
func (s *Signer) Sign(verb string, message any, now time.Time) (body []byte, proof string, err error) {
	payload, err := json.Marshal(message)
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", verb, err)
	}
	options := (&jose.SignerOptions{EmbedJWK: verb == VerbEnrolBegin}).WithType(typeRequest)
	if verb != VerbEnrolBegin {
		if s.DeviceID == "" {
			return nil, "", fmt.Errorf("sign %s: device is not enrolled", verb)
		}
		options = options.WithHeader("kid", s.DeviceID)
	}
	text, err := s.compact(options, payload)
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", verb, err)
	}
	proof, err = s.prove(verb, []byte(text), now.Add(s.Offset))
	if err != nil {
		return nil, "", fmt.Errorf("sign %s: %w", verb, err)
	}
	return []byte(text), proof, nil
}

// Learn takes over the DPoP-Nonce of an answer: the nonce and the offset of
// the server's clock, which the device's TOTP uses too.
func (s *Signer) Learn(nonce string, now time.Time) error {
	made, err := NonceTime(nonce)
	if err != nil {
		return err
	}
	s.Nonce, s.Offset = nonce, made.Sub(now)
	return nil
}

// prove makes the DPoP proof at a moment of the server's clock.
func (s *Signer) prove(verb string, body []byte, at time.Time) (string, error) {
	issued := at.Unix()
	c := claims{
		Method: method, URL: URL(s.PublicURL, verb), IssuedAt: &issued, ID: rand.Text(), BodyHash: bodyHash(body),
	}
	if made, err := NonceTime(s.Nonce); err == nil && at.Sub(made).Abs() < ClockWindow {
		c.Nonce = s.Nonce
	}
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return s.compact((&jose.SignerOptions{EmbedJWK: true}).WithType(typeProof), payload)
}

func (s *Signer) compact(options *jose.SignerOptions, payload []byte) (string, error) {
	if s.Key == nil {
		return "", errors.New("device has no key")
	}
	if _, err := MarshalKey(&s.Key.PublicKey); err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: s.Key}, options)
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return signed.CompactSerialize()
}
