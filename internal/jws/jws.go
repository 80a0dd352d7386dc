// Package jws reads tokens that somebody else signed: client assertions, request objects
// and DPoP proofs. It owns what is asked of every one of them before its claims are worth
// reading: one compact signature, a short header, an algorithm of the list, no extension
// that must be understood. Whose key it is and what the claims must say is left to whoever
// asks.
//
// Words: a token is parsed when its header was read, and verified when a key fitted.
package jws

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// The bounds of a token. An RSA signature of 4096 bits takes 683 characters, a header with
// a public key in it about as many.
const (
	maxHeader = 4 << 10
	maxToken  = 64 << 10
)

// Algorithms are those that strangers may sign with (RFC 7518, section 3.1; RFC 8037).
// Neither none nor an HMAC is among them: the former proves nothing, and the latter would
// make a secret of a public key (RFC 8725, section 2.1).
func Algorithms() []string { return []string{"RS256", "PS256", "ES256", "EdDSA"} }

// StrictAlgorithms are those of the FAPI 2.0 Security Profile, section 5.4.1.
func StrictAlgorithms() []string { return []string{"PS256", "ES256", "EdDSA"} }

// ErrInvalid is wrapped by every refusal.
var ErrInvalid = errors.New("not an acceptable signed token")

// Token is a parsed token. Nothing in it is to be believed before Verify.
type Token struct {
	Algorithm string
	KID       string // "" if the header names no key
	Type      string // typ in lower case, without "application/"; "" if left out
	JWK       *jose.JSONWebKey

	header  map[string]json.RawMessage
	payload []byte
	signed  *jose.JSONWebSignature
}

// Parse reads a token in compact serialisation (RFC 7515, section 3.1). Header parameters
// that point to keys elsewhere (jku, x5u, x5c) are not looked at; jwk is read, and believed
// only by who wants the sender to choose its key, as DPoP does.
func Parse(text string, algorithms []string) (*Token, error) {
	if len(text) > maxToken {
		return nil, invalid("it has more than %d bytes", maxToken)
	}
	head, _, _ := strings.Cut(text, ".")
	if strings.Count(text, ".") != 2 || len(head) > maxHeader {
		return nil, invalid("it is not one compact JWS")
	}
	t := &Token{}
	if err := t.readHeader(head); err != nil {
		return nil, err
	}
	if !slices.Contains(Algorithms(), t.Algorithm) || !slices.Contains(algorithms, t.Algorithm) {
		return nil, invalid("alg is %.20q", t.Algorithm)
	}
	var err error
	if t.signed, err = jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(t.Algorithm)}); err != nil {
		return nil, invalid("%v", err)
	}
	t.payload = t.signed.UnsafePayloadWithoutVerification()
	return t, nil
}

func (t *Token) readHeader(encoded string) error {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return invalid("the header is not base64url")
	}
	if t.header, err = Object(raw); err != nil {
		return invalid("the header %v", err)
	}
	for _, name := range []string{"crit", "b64", "zip"} { // what changes the meaning of the rest (RFC 7515, section 4.1.11)
		if _, there := t.header[name]; there {
			return invalid("the header holds %s", name)
		}
	}
	for name, to := range map[string]*string{"alg": &t.Algorithm, "kid": &t.KID, "typ": &t.Type} {
		if value, there := t.header[name]; there && json.Unmarshal(value, to) != nil {
			return invalid("%s is no text", name)
		}
	}
	t.Type = strings.TrimPrefix(strings.ToLower(t.Type), "application/") // RFC 7515, section 4.1.9
	if value, there := t.header["jwk"]; there {
		t.JWK = &jose.JSONWebKey{}
		if err := t.JWK.UnmarshalJSON(value); err != nil {
			return invalid("jwk is no key")
		}
	}
	return nil
}

// Unverified is the payload as it was sent: good for finding out whose token it claims to
// be, and for nothing else.
func (t *Token) Unverified() []byte { return t.payload }

// Verify returns the payload if the key signed it.
func (t *Token) Verify(key any) ([]byte, error) {
	if !Fits(key, t.Algorithm) {
		return nil, invalid("the key is not one for %s", t.Algorithm)
	}
	payload, err := t.signed.Verify(key)
	if err != nil {
		return nil, invalid("the signature is wrong")
	}
	return payload, nil
}

// Fits reports whether a public key is one for an algorithm, and long enough.
func Fits(key any, algorithm string) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		return (algorithm == "RS256" || algorithm == "PS256") && k.N.BitLen() >= 2048 && k.N.BitLen() <= 8192
	case *ecdsa.PublicKey:
		return algorithm == "ES256" && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && len(k) == ed25519.PublicKeySize
	}
	return false
}

// Object reads a JSON object whose members each occur once. encoding/json takes the last
// of two, another reader the first.
func Object(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return nil, errors.New("is not a JSON object")
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, errors.New("is not a JSON object")
		}
		key, _ := name.(string)
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, errors.New("is not a JSON object")
		}
		if _, twice := members[key]; twice {
			return nil, fmt.Errorf("holds %.40q twice", key)
		}
		members[key] = value
	}
	if _, err := dec.Token(); err != nil || dec.More() {
		return nil, errors.New("is not one JSON object")
	}
	return members, nil
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrInvalid}, args...)...)
}
