// Package client keeps the applications that people sign in to. It owns the tables
// clients and client_secrets, the rules for what may be registered, and the
// questions a protocol endpoint puts to a registration: is this redirect URI one of
// the client's, may it use this grant, is this its secret.
//
// It leaves to others how a request names its client and what is answered (web/oidc),
// and what was granted (idp/token).
//
// Words: a client is an application, a relying party. A confidential client can keep
// a secret, a public one cannot. A redirect URI is where the browser takes the code.
package client

import (
	"errors"
	"slices"
	"time"

	"github.com/nod-idp/nod/internal/random"
)

// Client is a registered application. A Client that Get or List returned is shared:
// its slices are for reading only.
type Client struct {
	ID                     string
	Issuer                 string
	Name                   string
	AuthMethod             AuthMethod
	RedirectURIs           []string
	PostLogoutRedirectURIs []string
	Grants                 []Grant
	ResponseTypes          []ResponseType
	// ResponseModes are the ways an answer may travel to it. Without any all are allowed.
	ResponseModes   []ResponseMode
	PKCE            PKCE
	SecondFactor    SecondFactor
	IDTokenAlg      IDTokenAlg
	RefreshRotation bool
	// Origins may call the token and userinfo endpoints from a page (CORS).
	Origins []string
	// JWKS is the client's public keys as JSON (RFC 7517, section 5), "" if it has none
	// or publishes them at JWKSURI.
	JWKS    string
	JWKSURI string
	// AccessTokens is the form of the access tokens it is given.
	AccessTokens AccessTokens
	// Resources are the protected resources it may ask tokens for (RFC 8707).
	Resources []string
	// BackchannelLogoutURI is told when a session of the client's ends (OpenID Connect
	// Back-Channel Logout 1.0), FrontchannelLogoutURI is shown in a hidden frame then
	// (Front-Channel Logout 1.0).
	BackchannelLogoutURI  string
	FrontchannelLogoutURI string
	// FirstParty clients belong to whoever runs the installation: nobody is asked for
	// consent.
	FirstParty bool
	FAPI       FAPI
	CIBA       CIBADelivery
	// CIBANotificationURI is where a client with CIBAPing is told (CIBA Core 1.0, section 4).
	CIBANotificationURI string
	// What the client demands of its own requests. FAPI 2.0 demands the first two.
	PushedRequests bool // RFC 9126, section 6
	DPoP           bool // RFC 9449, section 5.2: every token is bound to a key
	SignedRequests bool // RFC 9101, section 10.5

	CreatedAt time.Time
	UpdatedAt time.Time

	removed bool
	secrets []Secret
}

// Secret is what is kept of a client's secret.
type Secret struct {
	ID        string
	CreatedAt time.Time
	hash      []byte
}

// What can go wrong with a client.
var (
	ErrNotFound = errors.New("no such client")
	ErrTaken    = errors.New("there is a client of this id already")
	ErrUsed     = errors.New("a client of this id was removed; ids are not used again")
	ErrPublic   = errors.New("a public client has no secret")
	ErrKeyed    = errors.New("a client that proves itself by its key has no secret")
)

// Public reports whether the client can prove by nothing who it is.
func (c Client) Public() bool { return c.AuthMethod == AuthNone }

// HasSecrets reports whether the client proves by a shared secret who it is.
func (c Client) HasSecrets() bool { return c.AuthMethod == AuthBasic || c.AuthMethod == AuthPost }

// RequiresPushedRequests reports whether an authorization request must have been pushed
// (RFC 9126).
func (c Client) RequiresPushedRequests() bool { return c.PushedRequests || c.FAPI == FAPI2 }

// RequiresDPoP reports whether every token must be bound to a key (RFC 9449).
func (c Client) RequiresDPoP() bool { return c.DPoP || c.FAPI == FAPI2 }

// AllowsGrant reports whether the client is registered for the grant type.
func (c Client) AllowsGrant(grant string) bool { return slices.Contains(c.Grants, Grant(grant)) }

// AllowsResponseType reports whether the client is registered for the response type.
func (c Client) AllowsResponseType(responseType string) bool {
	return slices.Contains(c.ResponseTypes, ResponseType(responseType))
}

// AllowsResponseMode reports whether an answer may travel to the client that way.
func (c Client) AllowsResponseMode(mode string) bool {
	return len(c.ResponseModes) == 0 || slices.Contains(c.ResponseModes, ResponseMode(mode))
}

// AllowsOrigin reports whether pages of this origin may call nod for the client.
func (c Client) AllowsOrigin(origin string) bool { return slices.Contains(c.Origins, origin) }

// Secrets lists the live secrets, newest first; not what they are, which nobody knows.
func (c Client) Secrets() []Secret { return slices.Clone(c.secrets) }

const secretPrefix = "nodcs"

// VerifySecret reports whether secret is one of the client's live ones. The time it
// takes tells nothing but how many there are: all are compared. A mistyped secret
// fails its checksum before anything is hashed.
func (c Client) VerifySecret(secret string) bool {
	if !c.HasSecrets() || c.removed || !random.WellFormed(secretPrefix, secret) {
		return false
	}
	matched := false
	for _, s := range c.secrets {
		if random.Matches(s.hash, secret) {
			matched = true
		}
	}
	return matched
}
