package token

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/internal/jws"
	"github.com/nod-idp/nod/internal/random"
)

// accessTokenType is the header typ of a JWT access token (RFC 9068, section 2.1). It
// keeps an ID token from passing as one, and one from passing as an ID token.
const accessTokenType = "at+jwt"

// accessClaims are the claims of a JWT access token (RFC 9068, section 2.2, and RFC 9449,
// section 6.1).
type accessClaims struct {
	Issuer       string        `json:"iss"`
	Subject      string        `json:"sub"`
	Audience     audience      `json:"aud"`
	ClientID     string        `json:"client_id"`
	Expires      int64         `json:"exp"`
	IssuedAt     int64         `json:"iat"`
	ID           string        `json:"jti"`
	Scope        string        `json:"scope,omitempty"`
	AuthTime     int64         `json:"auth_time,omitempty"`
	ACR          string        `json:"acr,omitempty"`
	AMR          []string      `json:"amr,omitempty"`
	SID          string        `json:"sid,omitempty"`
	Confirmation *confirmation `json:"cnf,omitempty"`
}

type confirmation struct {
	JKT string `json:"jkt"`
}

// audience is one text where there is one (RFC 7519, section 4.1.3): many resource
// servers expect no list.
type audience []string

func (a audience) MarshalJSON() ([]byte, error) {
	if len(a) == 1 {
		return json.Marshal(a[0])
	}
	return json.Marshal([]string(a))
}

// accessClaims are those of an access token under a grant. Without a resource it is meant
// for our own userinfo endpoint (RFC 9068, section 3).
func (t *Tokens) accessClaims(g grant, id string, scopes, resources []string, jkt string, now, expires time.Time) *accessClaims {
	claims := &accessClaims{
		Issuer: t.Issuer, Subject: g.UserID, Audience: resources, ClientID: g.ClientID, ID: id, Scope: strings.Join(scopes, " "),
		IssuedAt: now.Unix(), Expires: expires.Unix(), SID: g.SID,
	}
	if len(resources) == 0 {
		claims.Audience = audience{t.Issuer}
	}
	if jkt != "" {
		claims.Confirmation = &confirmation{jkt}
	}
	if g.UserID == "" {
		claims.Subject = g.ClientID // the client acts for itself
		return claims
	}
	proof := g.Evidence.V
	claims.ACR, claims.AMR = proof.ACR(), proof.AMR()
	if at := proof.AuthTime(); !at.IsZero() {
		claims.AuthTime = at.Unix()
	}
	return claims
}

// signAccess signs the access token if it is a JWT. Signing is slow, so the transaction
// that stored its row is over by now.
func (t *Tokens) signAccess(key *keys.Key, issued *Issued) error {
	if issued.claims == nil {
		return nil
	}
	token, err := key.SignClaims(issued.claims, accessTokenType)
	if err != nil {
		return fmt.Errorf("sign access token: %w", err)
	}
	issued.AccessToken = token
	return nil
}

// handleOf returns what the row of an access token is found by, or ErrNone for a text
// that cannot be one. A JWT counts for its signature first: its id is no secret.
func (t *Tokens) handleOf(ctx context.Context, token string) (string, error) {
	if random.WellFormed(accessPrefix, token) {
		return token, nil
	}
	if strings.Count(token, ".") != 2 {
		return "", ErrNone
	}
	parsed, err := jws.Parse(token, jws.Algorithms())
	if err != nil || parsed.Type != accessTokenType {
		return "", ErrNone
	}
	key, err := t.Keys.Public(ctx, parsed.KID)
	if errors.Is(err, keys.ErrNoKey) {
		return "", ErrNone
	}
	if err != nil {
		return "", fmt.Errorf("verify access token: %w", err)
	}
	payload, err := parsed.Verify(key.Key)
	if err != nil || key.Algorithm != parsed.Algorithm {
		return "", ErrNone
	}
	var claims struct {
		Issuer string `json:"iss"`
		ID     string `json:"jti"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Issuer != t.Issuer || claims.ID == "" {
		return "", ErrNone
	}
	return handleOfJWT(claims.ID), nil
}

// handleOfJWT cannot be presented as an opaque token: it lacks prefix and checksum.
func handleOfJWT(id string) string { return "jwt:" + id }
