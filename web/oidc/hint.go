package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// hinted is what an id_token_hint says.
type hinted struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	ClientID string `json:"aud"` // ID tokens of ours have one audience
	SID      string `json:"sid"`
}

// hintAlgorithms are all that nod ever signs with. Neither none nor an HMAC is among
// them (RFC 8725, section 3.1).
var hintAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA}

var errHint = errors.New("not an ID token of this issuer")

// hint reads an ID token that this server issued at some time. That it has expired
// does not matter (OpenID Connect Core 1.0, section 3.1.2.1, and RP-Initiated Logout
// 1.0, section 2); that it is an ID token and no other JWT of ours does. Keys are
// found by kid among our own, whatever else its header offers.
func (s *Surface) hint(ctx context.Context, raw string) (hinted, error) {
	if len(raw) > longest["id_token_hint"] {
		return hinted{}, errHint
	}
	jws, err := jose.ParseSignedCompact(raw, hintAlgorithms)
	if err != nil {
		return hinted{}, errHint
	}
	header := jws.Signatures[0].Protected
	if header.ExtraHeaders[jose.HeaderType] != "JWT" {
		return hinted{}, fmt.Errorf("%w: typ is another one", errHint)
	}
	key, err := s.Keys.Public(ctx, header.KeyID)
	if err != nil {
		return hinted{}, fmt.Errorf("%w: %w", errHint, err)
	}
	if key.Algorithm != header.Algorithm {
		return hinted{}, fmt.Errorf("%w: the key is for another algorithm", errHint)
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return hinted{}, fmt.Errorf("%w: the signature is wrong", errHint)
	}
	var claims hinted
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Issuer != s.Issuer || claims.Subject == "" || claims.ClientID == "" {
		return hinted{}, errHint
	}
	return claims, nil
}
