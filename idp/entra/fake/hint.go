package fake

import (
	"crypto/rand"
	"encoding/json"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Claims are those of a hint.
type Claims map[string]any

// Hint makes an id_token_hint for an account of a tenant, issued now and expired already.
// change may alter its claims.
func (e *Entra) Hint(r Registration, a Account, change func(Claims)) (string, error) {
	now := e.now().Unix()
	claims := Claims{
		"ver": "2.0", "iss": e.URL + "/" + r.Tenant + "/v2.0", "aud": r.ClientID, "tid": r.Tenant, "oid": a.OID, "sub": a.Subject,
		"preferred_username": a.Name, "name": a.Name, "iat": now, "nbf": now, "exp": now - 1, "uti": rand.Text(),
	}
	if change != nil {
		change(claims)
	}
	e.mu.Lock()
	signer := e.keys[len(e.keys)-1]
	e.mu.Unlock()
	return signer.sign(claims)
}

func (k key) sign(claims Claims) (string, error) {
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("make a hint: %w", err)
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: k.private, KeyID: k.id}}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("make a hint: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("make a hint: %w", err)
	}
	return jws.CompactSerialize()
}
