// Package token issues what clients get: authorization codes, access tokens, refresh
// tokens and ID tokens, and takes them back. It owns the tables codes, grants,
// access_tokens and refresh_tokens. Who may ask is decided by idp and web/oidc
// before; how a request or an answer looks on the wire is left to web/oidc.
//
// Words: a grant is what one client was given about one person by redeeming one
// code, or about nobody by its own credentials; every token belongs to a grant, and
// revoking the grant takes back all of them. A family is the refresh tokens of one
// grant, each the successor of the one before; the parent is the one presented. A
// grant with the scope offline_access outlives the session it came from.
//
// Codes, refresh tokens and most access tokens are opaque: 256 bits, of which SHA-256 is
// stored. Where a client is registered for it its access tokens are JWTs (RFC 9068); they
// have a row all the same, found by a handle made of their id. State is read from the rows at every use, the person's and the client's
// included, never from a cache.
package token

import (
	"context"
	"errors"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Tokens issues and honours tokens. DB, Box, Epoch, Issuer, Keys, Sessions and
// People must be set; durations left at 0 have the defaults named.
type Tokens struct {
	DB       *db.DB
	Box      *seal.Box
	Epoch    int64
	Issuer   string // the claim iss
	Keys     Signers
	Sessions *session.Sessions
	People   People           // for claims about the person in ID tokens
	Now      func() time.Time // nil means time.Now

	CodeLife        time.Duration // 60 s
	IDTokenLife     time.Duration // 1 h
	AccessLife      time.Duration // 10 min
	RefreshIdle     time.Duration // 30 d without use
	RefreshAbsolute time.Duration // 90 d from the redemption of the code
	RefreshGrace    time.Duration // 30 s in which a lost answer is repeated
}

// Signers has the key that signs with an algorithm at present, and the public keys of
// all that may still be met. keys.Ring is one.
type Signers interface {
	Signer(ctx context.Context, algorithm keys.Algorithm) (*keys.Key, error)
	Public(ctx context.Context, kid string) (jose.JSONWebKey, error)
}

// People knows who a token is about. user.Users does.
type People interface {
	ByID(ctx context.Context, id string) (user.User, error)
}

// Issued is a successful answer of the token endpoint (RFC 6749, section 5.1, and
// OpenID Connect Core 1.0, section 3.1.3.3).
type Issued struct {
	AccessToken  string
	ExpiresIn    time.Duration
	RefreshToken string // "" when there is none
	IDToken      string // "" without the scope openid
	Scopes       []string
	JKT          string // thumbprint of the key that the access token is bound to, "" for a bearer token

	claims *accessClaims // of an access token that is still to be signed
}

// Failures of a request for tokens. The text around them is for the log; a client is
// told no more than the error code (RFC 6749, section 5.2).
var (
	ErrInvalidGrant = errors.New("invalid grant")
	ErrInvalidScope = errors.New("invalid scope")
	// ErrInvalidTarget is returned for a resource that was not granted (RFC 8707, section 2).
	ErrInvalidTarget = errors.New("invalid target")
	// ErrProofNeeded is returned when a client that binds all its tokens proved no key.
	ErrProofNeeded = errors.New("a DPoP proof is needed")
	// ErrNone is returned when a token stands for nothing: unknown, expired, revoked,
	// or of a person or a client that is disabled.
	ErrNone = errors.New("no such token")
	// ErrCodeIssued is returned when a login already led to a code.
	ErrCodeIssued = errors.New("the login already led to a code")
)

// Scopes with a meaning of their own here.
const (
	scopeOpenID  = "openid"
	scopeOffline = "offline_access"
)

// The prefixes of the tokens.
const (
	codePrefix    = "noc"
	accessPrefix  = "noa"
	refreshPrefix = "nor"
)

func (t *Tokens) now() time.Time {
	if t.Now == nil {
		return time.Now()
	}
	return t.Now()
}

func (t *Tokens) codeLife() time.Duration        { return or(t.CodeLife, time.Minute) }
func (t *Tokens) idTokenLife() time.Duration     { return or(t.IDTokenLife, time.Hour) }
func (t *Tokens) accessLife() time.Duration      { return or(t.AccessLife, 10*time.Minute) }
func (t *Tokens) refreshIdle() time.Duration     { return or(t.RefreshIdle, 30*24*time.Hour) }
func (t *Tokens) refreshAbsolute() time.Duration { return or(t.RefreshAbsolute, 90*24*time.Hour) }
func (t *Tokens) refreshGrace() time.Duration    { return or(t.RefreshGrace, 30*time.Second) }

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
