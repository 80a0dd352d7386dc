package protocol

import (
	"crypto/ecdsa"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// token is a parsed compact JWS (RFC 7515, section 7.1) whose signature is not
// yet verified.
type token struct {
	signed   *jose.JSONWebSignature
	deviceID string           // kid, or ""
	key      *ecdsa.PublicKey // jwk, or nil
}

// parseToken takes apart a compact JWS of one typ. The header is held to an
// allow-list, which shuts out everything that names keys in other ways (jku,
// x5u, x5c) or changes the meaning of the rest (crit, b64, zip).
func parseToken(text, typ string) (*token, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, errors.New("not a compact JWS")
	}
	decoded := make([][]byte, 3)
	for i, part := range parts {
		var err error
		if decoded[i], err = decodeBase64URL([]byte(part)); err != nil {
			return nil, errors.New("a part is not base64url")
		}
	}
	t, err := parseHeader(decoded[0], typ)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	t.signed, err = jose.ParseSignedCompact(text, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, err
	}
	return t, nil
}

func parseHeader(data []byte, typ string) (*token, error) {
	var members map[string]json.RawMessage
	if err := decodeObject(data, &members); err != nil {
		return nil, err
	}
	var header struct {
		Alg string          `json:"alg"`
		Typ string          `json:"typ"`
		KID *string         `json:"kid"`
		JWK json.RawMessage `json:"jwk"`
	}
	if err := decodeObject(data, &header); err != nil {
		return nil, err
	}
	for name := range members {
		switch name {
		case "alg", "typ", "kid", "jwk":
		default:
			return nil, fmt.Errorf("parameter %q is not allowed", name)
		}
	}
	if header.Alg != string(jose.ES256) || header.Typ != typ {
		return nil, fmt.Errorf("alg is %q and typ is %q", header.Alg, header.Typ)
	}
	t := &token{}
	switch {
	case header.KID != nil && members["jwk"] == nil:
		t.deviceID = *header.KID
		if !isToken(t.deviceID, 128) {
			return nil, errors.New("kid is malformed")
		}
		return t, nil
	case members["kid"] == nil && members["jwk"] != nil:
		var err error
		t.key, err = ParseKey(header.JWK)
		return t, err
	}
	return nil, errors.New("exactly one of kid and jwk is needed")
}

// verify checks the signature and returns the payload.
func (t *token) verify(key *ecdsa.PublicKey) ([]byte, error) {
	if _, err := MarshalKey(key); err != nil {
		return nil, err
	}
	return t.signed.Verify(key)
}
