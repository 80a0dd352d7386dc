package token

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/keys"
)

// idClaims are the claims of an ID token (OpenID Connect Core 1.0, section 2). Claims
// about the person are left to the userinfo endpoint where an access token is issued
// along (section 5.4), but for those that were asked for. aud is a single string and azp is left out, since the
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
	CHash    string   `json:"c_hash,omitempty"`

	asked  []string       // claims about the person, still to be looked up
	person map[string]any // and what they are
}

// MarshalJSON puts the claims about the person behind the others, which have other names.
func (c idClaims) MarshalJSON() ([]byte, error) {
	type fields idClaims
	text, err := json.Marshal(fields(c))
	if err != nil || len(c.person) == 0 {
		return text, err
	}
	person, err := json.Marshal(c.person)
	if err != nil {
		return nil, err
	}
	return append(append(text[:len(text)-1], ','), person[1:]...), nil
}

// idTokenType is the header typ. It keeps other JWTs of ours, such as logout tokens,
// from passing as ID tokens in id_token_hint (RFC 8725, section 3.11).
const idTokenType = "JWT"

func (t *Tokens) claimsOf(g grant, now time.Time) idClaims {
	proof := g.Evidence.V
	claims := idClaims{
		Issuer: t.Issuer, Subject: g.UserID, Audience: g.ClientID, SID: g.SID,
		IssuedAt: now.Unix(), Expires: now.Add(t.idTokenLife()).Unix(), ACR: proof.ACRAmong(g.Claims.V.ACR), AMR: proof.AMR(),
		asked: g.Claims.V.IDToken,
	}
	if at := proof.AuthTime(); !at.IsZero() {
		claims.AuthTime = at.Unix()
	}
	return claims
}

// mint signs the ID token that goes along with issued, or returns "" when the scope
// openid was not granted.
func (t *Tokens) mint(ctx context.Context, key *keys.Key, claims idClaims, issued Issued) (string, error) {
	if !slices.Contains(issued.Scopes, scopeOpenID) {
		return "", nil
	}
	claims.AtHash = leftHalf(key.Algorithm(), issued.AccessToken)
	return t.sign(ctx, key, claims, nil)
}

// sign looks up what the ID token tells about the person, by scopes and by name, and
// signs it.
func (t *Tokens) sign(ctx context.Context, key *keys.Key, claims idClaims, scopes []string) (string, error) {
	if len(scopes)+len(claims.asked) > 0 {
		person, err := t.People.ByID(ctx, claims.Subject)
		if err != nil {
			return "", fmt.Errorf("look up whom an ID token is about: %w", err)
		}
		claims.person = person.ClaimsFor(scopes, claims.asked...)
		delete(claims.person, "sub")
	}
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
