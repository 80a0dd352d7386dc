// Package assertion judges the JWTs by which clients prove who they are at the token
// endpoint and its kin (private_key_jwt; RFC 7523, section 3, and OpenID Connect Core 1.0,
// section 9). It owns what such a JWT must say and that it counts once. The keys are found
// by keyset; which requests are to be authenticated, and what else they ask, is left to
// web/oidc.
package assertion

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/jws"
)

// Type is the one client_assertion_type that is taken (RFC 7523, section 2.2).
const Type = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// How an assertion's times are judged. A clock may run ahead a little: the FAPI 2.0
// Security Profile, section 5.3.2.1, wants 10 seconds accepted and more than 60 refused.
const (
	ahead   = 30 * time.Second
	longest = 5 * time.Minute // until exp
	maxID   = 256             // bytes of jti
)

// ErrInvalid is wrapped by every refusal.
var ErrInvalid = errors.New("the client assertion is not valid")

// Judge checks assertions. All fields but Since and Now must be set.
type Judge struct {
	Issuer string // the only audience
	Keys   *keyset.Keys
	DB     *db.DB
	Since  time.Time        // assertions made before are refused: a restore forgot which were used
	Now    func() time.Time // nil means time.Now
}

// claims are those of an assertion (RFC 7523, section 3).
type claims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	Expires   *float64        `json:"exp"` // NumericDate may have a fraction (RFC 7519, section 2)
	IssuedAt  *float64        `json:"iat"`
	NotBefore *float64        `json:"nbf"`
	ID        string          `json:"jti"`
}

// Subject returns the client that an assertion claims to be of. Nothing of it has been
// verified.
func Subject(text string) (string, error) {
	_, c, err := read(text, jws.Algorithms())
	return c.Subject, err
}

// Use checks an assertion by a client and uses it up: the same one is refused from then
// on, on every node and after a restart.
func (j *Judge) Use(ctx context.Context, c client.Client, text string) error {
	token, told, err := read(text, keyset.Algorithms(c))
	if err != nil {
		return err
	}
	expires, err := j.judge(c, token, told)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if _, err := j.Keys.Verify(ctx, c, token); err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	err = j.DB.Write(ctx, func(tx *db.Tx) error { return tx.Once("client-assertion", c.ID+" "+told.ID, expires) })
	if errors.Is(err, db.ErrReplayed) {
		return fmt.Errorf("%w: it was used before", ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("use up a client assertion: %w", err)
	}
	return nil
}

func read(text string, algorithms []string) (*jws.Token, claims, error) {
	token, err := jws.Parse(text, algorithms)
	if err != nil {
		return nil, claims{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	var told claims
	if _, err := jws.Object(token.Unverified()); err != nil {
		return nil, claims{}, fmt.Errorf("%w: the payload %w", ErrInvalid, err)
	}
	if err := json.Unmarshal(token.Unverified(), &told); err != nil {
		return nil, claims{}, fmt.Errorf("%w: the claims are not what they should be", ErrInvalid)
	}
	return token, told, nil
}

// judge looks at everything but the signature, and says until when the assertion counts.
func (j *Judge) judge(c client.Client, token *jws.Token, told claims) (expires time.Time, err error) {
	now := j.now()
	switch {
	case token.Type != "" && token.Type != "jwt" && token.Type != "client-authentication+jwt":
		return expires, fmt.Errorf("typ is %.40q", token.Type)
	case told.Issuer != c.ID || told.Subject != c.ID:
		return expires, errors.New("iss and sub are not the client's id")
	case !j.meant(told.Audience, c):
		return expires, errors.New("aud is not the issuer, or not it alone")
	case told.ID == "" || len(told.ID) > maxID:
		return expires, errors.New("jti is missing or too long")
	case told.Expires == nil:
		return expires, errors.New("exp is missing")
	}
	for name, at := range map[string]*float64{"iat": told.IssuedAt, "nbf": told.NotBefore} {
		if at != nil && !moment(*at).Before(now.Add(ahead)) {
			return expires, fmt.Errorf("%s lies ahead", name)
		}
	}
	expires = moment(*told.Expires)
	if now.Before(j.Since.Add(longest+ahead)) && (told.IssuedAt == nil || moment(*told.IssuedAt).Before(j.Since)) {
		return expires, errors.New("it may have been made before the database was restored")
	}
	switch {
	case !now.Before(expires):
		return expires, errors.New("it has expired")
	case expires.Sub(now) > longest+ahead:
		return expires, errors.New("exp is too far away")
	}
	return expires, nil
}

// meant reports whether the audience is this issuer and nobody else: an assertion that
// another server takes too is one that it could use here. A list of one is the same, but
// not under FAPI 2.0, whose section 5.3.2.1 wants a text.
func (j *Judge) meant(raw json.RawMessage, c client.Client) bool {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		return one == j.Issuer
	}
	var list []string
	return c.FAPI != client.FAPI2 && json.Unmarshal(raw, &list) == nil && len(list) == 1 && list[0] == j.Issuer
}

// moment keeps absurd numbers within what a time can hold.
func moment(seconds float64) time.Time {
	const most = 1 << 40
	return time.UnixMilli(int64(min(max(seconds, 0), most) * 1000))
}

func (j *Judge) now() time.Time {
	if j.Now == nil {
		return time.Now()
	}
	return j.Now()
}
