package protocol

import (
	"crypto/ecdsa"
	"fmt"
	"slices"
	"time"
)

// SignedRequest is the body of a device's request, taken apart but not yet
// verified. It deliberately shows nothing of the message: only who claims to
// have signed it, so that the caller can find the key.
type SignedRequest struct {
	// Verb is what was asked for.
	Verb string
	// DeviceID is the kid, "" for enrol/begin.
	DeviceID string
	// Key is the new device's key that enrol/begin carries, nil otherwise.
	Key *ecdsa.PublicKey

	body  []byte
	token *token
}

// ParseRequest reads the body of a POST to Path(verb). Only enrol/begin names
// its key in the header, every other verb names a device. Errors are
// ErrTooLarge or ErrInvalidRequest.
func ParseRequest(verb string, body []byte) (*SignedRequest, error) {
	if len(body) > MaxBody {
		return nil, fmt.Errorf("%w: body of %d bytes", ErrTooLarge, len(body))
	}
	if !slices.Contains(Verbs(), verb) {
		return nil, fmt.Errorf("%w: unknown verb", ErrInvalidRequest)
	}
	parsed, err := parseToken(string(body), typeRequest)
	if err != nil {
		return nil, fmt.Errorf("%w: body: %w", ErrInvalidRequest, err)
	}
	if (parsed.key != nil) != (verb == VerbEnrolBegin) {
		return nil, fmt.Errorf("%w: only %s names its key", ErrInvalidRequest, VerbEnrolBegin)
	}
	return &SignedRequest{Verb: verb, DeviceID: parsed.deviceID, Key: parsed.key, body: body, token: parsed}, nil
}

// Verify checks a request as a whole: the signature of the body and the proof
// beside it, both by the device's key (r.Key for enrol/begin). The proof ties
// the body to the verb, the server and the moment. It returns the message for
// Decode and the proof, whose id the caller must store as used before it acts.
// Errors are ErrInvalidProof, ErrTooLarge or ErrUseNonce.
func (v *Verifier) Verify(r *SignedRequest, key *ecdsa.PublicKey, proof string, now time.Time) ([]byte, Proof, error) {
	if r.Key != nil && !sameKey(r.Key, key) {
		return nil, Proof{}, fmt.Errorf("%w: body names another key", ErrInvalidProof)
	}
	payload, err := r.token.verify(key)
	if err != nil {
		return nil, Proof{}, fmt.Errorf("%w: body: %w", ErrInvalidProof, err)
	}
	checked, err := v.VerifyProof(proof, key, r.Verb, r.body, now)
	if err != nil {
		return nil, Proof{}, err
	}
	return payload, checked, nil
}
