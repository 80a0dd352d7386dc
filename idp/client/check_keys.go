package client

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// maxJWKS is the longest key set that can be registered, in bytes, and maxKeys the most
// keys in it.
const (
	maxJWKS = 64 << 10
	maxKeys = 20
)

// ParseJWKS reads a client's key set (RFC 7517, section 5), registered or fetched. Keys
// that nod could not use, such as those for encryption, are left out; a private key is
// an error, since it is one no longer.
func ParseJWKS(text []byte) ([]jose.JSONWebKey, error) {
	if len(text) > maxJWKS {
		return nil, fmt.Errorf("it is longer than %d bytes", maxJWKS)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("it is not a JSON object with a list of keys: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("it holds more than %d keys", maxKeys)
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(raw); err != nil {
			continue // of a kind nobody here knows (RFC 7517, section 5)
		}
		if !key.IsPublic() {
			return nil, fmt.Errorf("the key %q is not a public key", key.KeyID)
		}
		if modulus, ok := key.Key.(*rsa.PublicKey); ok && modulus.N.BitLen() < 2048 {
			continue
		}
		if key.Use == "" || key.Use == "sig" {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

// checkKeys demands keys where they are the client's proof, and reads those that were
// registered.
func (c Client) checkKeys() error {
	if c.JWKS != "" && c.JWKSURI != "" {
		return &InvalidError{Field: "jwks_uri", Value: c.JWKSURI, Reason: "the client has a key set of its own too", Allowed: "either jwks or jwks_uri"}
	}
	needed := c.AuthMethod == AuthPrivateKey || c.SignedRequests || c.FAPI == FAPI2
	if c.JWKS == "" {
		if needed && c.JWKSURI == "" {
			return &InvalidError{Field: "jwks", Reason: "the client signs with a key", Allowed: "jwks or jwks_uri with the client's public keys"}
		}
		return nil
	}
	keys, err := ParseJWKS([]byte(c.JWKS))
	if err != nil {
		return &InvalidError{Field: "jwks", Reason: err.Error(), Allowed: "a JWK set of public keys"}
	}
	if len(keys) == 0 {
		return &InvalidError{Field: "jwks", Reason: "it holds no key for signatures", Allowed: "RSA of 2048 bits or more, P-256 or Ed25519"}
	}
	return nil
}
