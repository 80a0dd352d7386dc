package token

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
)

// idClaims are the claims of an ID token (OpenID Connect Core 1.0, section 2). Claims
// about the person are left to the userinfo endpoint, since an access token is always
// issued along (section 5.4). aud is a single string and azp is left out, since the
// client is the only audience.
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	IssuedAt int64    `json:"iat"`
	AuthTime int64    `json:"auth_time,omitempty"`
	Nonce    string   `json:"nonce,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	SID      string   `json:"sid,omitempty"`
	AtHash   string   `json:"at_hash,omitempty"`
}

// idTokenType is the header typ. It keeps other JWTs of ours, such as logout tokens,
// from passing as ID tokens in id_token_hint (RFC 8725, section 3.11).
const idTokenType = "JWT"

func (t *Tokens) claimsOf(g grant, now time.Time) idClaims {
	proof := g.Evidence.V
	claims := idClaims{
		Issuer: t.Issuer, Subject: g.UserID, Audience: g.ClientID, SID: g.SID,
		IssuedAt: now.Unix(), Expires: now.Add(t.idTokenLife()).Unix(), ACR: proof.ACR(), AMR: proof.AMR(),
	}
	if at := proof.AuthTime(); !at.IsZero() {
		claims.AuthTime = at.Unix()
	}
	return claims
}

// mint signs the ID token that goes along with issued, or returns "" when the scope
// openid was not granted.
func (t *Tokens) mint(key *keys.Key, claims idClaims, issued Issued) (string, error) {
	if !slices.Contains(issued.Scopes, scopeOpenID) {
		return "", nil
	}
	claims.AtHash = leftHalf(key.Algorithm(), issued.AccessToken)
	token, err := key.SignClaims(claims, idTokenType)
	if err != nil {
		return "", fmt.Errorf("mint ID token: %w", err)
	}
	return token, nil
}

// leftHalf is the claim at_hash (OpenID Connect Core 1.0, section 3.1.3.6): the left
// half of the hash that the signature algorithm uses. Ed25519 uses SHA-512 (RFC 8032,
// section 5.1).
func leftHalf(algorithm keys.Algorithm, token string) string {
	if algorithm == keys.EdDSA {
		sum := sha512.Sum512([]byte(token))
		return base64.RawURLEncoding.EncodeToString(sum[:sha512.Size/2])
	}
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:sha256.Size/2])
}

// signer is asked before a transaction begins: without a key nothing is used up.
func (t *Tokens) signer(ctx context.Context, c client.Client) (*keys.Key, error) {
	return t.Keys.Signer(ctx, keys.Algorithm(c.IDTokenAlg))
}
