package token

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/nod-idp/nod/idp/client"
)

// responseLife is how long a signed authorization response may be on its way (JWT Secured
// Authorization Response Mode 1.0, section 2.1, recommends 10 minutes at most).
const responseLife = 10 * time.Minute

// SignResponse signs the parameters of an authorization response for a client, with the
// key of its ID tokens. iss is among the parameters already.
func (t *Tokens) SignResponse(ctx context.Context, c client.Client, parameters map[string]any) (string, error) {
	key, err := t.signer(ctx, c)
	if err != nil {
		return "", err
	}
	claims := maps.Clone(parameters)
	claims["aud"], claims["exp"] = c.ID, t.now().Add(responseLife).Unix()
	// Without sub it cannot pass as an ID token.
	token, err := key.SignClaims(claims, "JWT")
	if err != nil {
		return "", fmt.Errorf("sign a response: %w", err)
	}
	return token, nil
}
