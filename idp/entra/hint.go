package entra

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Hint is what Entra says about whom it has checked the first factor of.
type Hint struct {
	Subject  string // sub: the account as this application knows it, repeated in the answer
	Object   string // oid: the account
	Account  string // preferred_username: for people to read, and for nothing else
	IssuedAt time.Time

	signed string // what was signed: two hints are the same if this is
}

// Why a hint is refused. The text around them is for the log.
var (
	ErrHint     = errors.New("the id_token_hint is not one that Entra issued for this tenant and this server")
	ErrStale    = errors.New("the id_token_hint was not issued within the last five minutes")
	ErrReplayed = errors.New("the id_token_hint was used before")
)

// Limits of a hint.
const (
	maxHint  = 16 << 10        // bytes
	hintLife = 5 * time.Minute // counted from iat: Entra issues hints as expired already
	skew     = time.Minute     // how far ahead Entra's clock may be
	maxName  = 256             // bytes of sub and oid
)

type hintClaims struct {
	Issuer    string      `json:"iss"`
	Audience  string      `json:"aud"`
	Tenant    string      `json:"tid"`
	Object    string      `json:"oid"`
	Subject   string      `json:"sub"`
	Account   string      `json:"preferred_username"`
	IssuedAt  json.Number `json:"iat"`
	NotBefore json.Number `json:"nbf"`
}

// readHint verifies a hint of a tenant: everything but its expiry, which lies in the past
// on purpose. The key is found by kid among the cloud's, whatever else the header offers.
func (s *Tenants) readHint(ctx context.Context, t Tenant, raw string) (Hint, error) {
	jws, err := parseHint(raw)
	if err != nil {
		return Hint{}, err
	}
	from, err := s.sourceOf(t)
	if err != nil {
		return Hint{}, err
	}
	key, err := from.key(ctx, jws.Signatures[0].Protected.KeyID, s.now())
	switch {
	case errors.Is(err, errUnknownKey):
		return Hint{}, fmt.Errorf("%w: %w", ErrHint, err)
	case err != nil:
		return Hint{}, err
	case !key.signsFor(t):
		return Hint{}, fmt.Errorf("%w: its key signs for another issuer", ErrHint)
	}
	payload, err := jws.Verify(key.JSONWebKey)
	if err != nil {
		return Hint{}, fmt.Errorf("%w: the signature is wrong", ErrHint)
	}
	h, err := judge(t, payload, s.now())
	h.signed = raw[:strings.LastIndexByte(raw, '.')]
	return h, err
}

// parseHint takes nothing but a compact JWS by RS256 with a kid.
func parseHint(raw string) (*jose.JSONWebSignature, error) {
	if len(raw) > maxHint {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrHint, maxHint)
	}
	jws, err := jose.ParseSignedCompact(raw, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, fmt.Errorf("%w: it is not a JWS by RS256", ErrHint)
	}
	header := jws.Signatures[0].Protected
	if typ, given := header.ExtraHeaders[jose.HeaderType]; header.KeyID == "" || given && typ != "JWT" {
		return nil, fmt.Errorf("%w: its header is not that of an ID token", ErrHint)
	}
	return jws, nil
}

// judge looks at what was signed.
func judge(t Tenant, payload []byte, now time.Time) (Hint, error) {
	var c hintClaims
	if err := json.Unmarshal(payload, &c); err != nil {
		return Hint{}, fmt.Errorf("%w: its claims cannot be read", ErrHint)
	}
	for _, fault := range []struct {
		found bool
		text  string
	}{
		{c.Issuer != t.hintIssuer(), "iss is another tenant's or another cloud's"},
		{c.Tenant != t.TenantID, "tid is another tenant's"},
		{c.Audience != t.ClientID && c.Audience != t.AppID, "aud is another application's"},
		{c.Subject == "" || len(c.Subject) > maxName, "sub is missing or too long"},
		{c.Object == "" || len(c.Object) > maxName, "oid is missing or too long"},
	} {
		if fault.found {
			return Hint{}, fmt.Errorf("%w: %s", ErrHint, fault.text)
		}
	}
	issued, err := c.IssuedAt.Int64()
	if err != nil {
		return Hint{}, fmt.Errorf("%w: iat is missing", ErrHint)
	}
	h := Hint{Subject: c.Subject, Object: c.Object, Account: c.Account, IssuedAt: time.Unix(issued, 0)}
	if c.NotBefore != "" {
		from, err := c.NotBefore.Int64()
		if err != nil || time.Unix(from, 0).After(now.Add(skew)) {
			return Hint{}, fmt.Errorf("%w: it is not valid yet", ErrHint)
		}
	}
	switch {
	case h.IssuedAt.After(now.Add(skew)):
		return Hint{}, fmt.Errorf("%w: it comes from the future; compare the clocks", ErrHint)
	case now.Sub(h.IssuedAt) > hintLife:
		return Hint{}, ErrStale
	}
	return h, nil
}

// signs reports whether a key may check hints: RSA of at least 2048 bits (RFC 7518,
// section 3.3), for signatures.
func signs(k jose.JSONWebKey) bool {
	key, ok := k.Key.(*rsa.PublicKey)
	return ok && k.Valid() && key.N.BitLen() >= 2048 && (k.Use == "" || k.Use == "sig") && (k.Algorithm == "" || k.Algorithm == string(jose.RS256))
}
