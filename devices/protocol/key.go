package protocol

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// MarshalKey returns a device's public key as a JWK in the one form that its
// thumbprint is taken of (RFC 7638, section 3): crv, kty, x, y, no spaces.
func MarshalKey(key *ecdsa.PublicKey) ([]byte, error) {
	if key == nil || key.Curve != elliptic.P256() {
		return nil, errors.New("key is not on P-256")
	}
	point, err := key.Bytes()
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	return fmt.Appendf(nil, `{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}`, encode(point[1:33]), encode(point[33:])), nil
}

// ParseKey reads a public JWK on P-256. It has exactly the members crv, kty, x
// and y: no private part, no certificates, nothing that names another key.
func ParseKey(jwk []byte) (*ecdsa.PublicKey, error) {
	var members map[string]string
	if err := decodeObject(jwk, &members); err != nil {
		return nil, fmt.Errorf("parse key: %w", err)
	}
	if len(members) != 4 || members["kty"] != "EC" || members["crv"] != "P-256" {
		return nil, errors.New("parse key: not a bare P-256 public key")
	}
	point := []byte{4} // uncompressed, SEC 1, section 2.3.3
	for _, name := range []string{"x", "y"} {
		coordinate, err := decodeBase64URL([]byte(members[name]))
		if err != nil || len(coordinate) != 32 {
			return nil, fmt.Errorf("parse key: %s is not 32 bytes", name)
		}
		point = append(point, coordinate...)
	}
	// This also checks that the point lies on the curve.
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	if err != nil {
		return nil, fmt.Errorf("parse key: %w", err)
	}
	return key, nil
}

// Thumbprint returns the SHA-256 thumbprint of a device key (RFC 7638) in
// base64url, the same text that DPoP calls jkt.
func Thumbprint(key *ecdsa.PublicKey) (string, error) {
	digest, err := thumbprint(key)
	return base64.RawURLEncoding.EncodeToString(digest), err
}

func thumbprint(key *ecdsa.PublicKey) ([]byte, error) {
	jwk, err := MarshalKey(key)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(jwk)
	return digest[:], nil
}

const (
	// FingerprintAlphabet is Crockford's base32: no I, L, O or U, so nothing
	// is mistaken for a digit when it is read aloud.
	FingerprintAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	// FingerprintGroups of FingerprintGroupSize characters are shown, joined
	// by dashes: 80 bits of the thumbprint. Nobody can make a second key with
	// a given fingerprint, and a person can compare it at a glance.
	FingerprintGroups = 4
	// FingerprintGroupSize is the number of characters between two dashes.
	FingerprintGroupSize = 4
)

// Fingerprint is the short form of the thumbprint that a person compares
// between phone and browser, for example "7K3M-0QXZ-9T2A-HB5C".
func Fingerprint(key *ecdsa.PublicKey) (string, error) {
	digest, err := thumbprint(key)
	if err != nil {
		return "", err
	}
	const size = FingerprintGroups * FingerprintGroupSize
	text := base32.NewEncoding(FingerprintAlphabet).EncodeToString(digest[:size*5/8])
	groups := make([]string, 0, FingerprintGroups)
	for i := 0; i < size; i += FingerprintGroupSize {
		groups = append(groups, text[i:i+FingerprintGroupSize])
	}
	return strings.Join(groups, "-"), nil
}

// sameKey reports whether two keys are one, by their RFC 7638 form.
func sameKey(a, b *ecdsa.PublicKey) bool {
	first, err := MarshalKey(a)
	if err != nil {
		return false
	}
	second, err := MarshalKey(b)
	return err == nil && bytes.Equal(first, second)
}
