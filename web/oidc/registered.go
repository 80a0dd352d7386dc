package oidc

import (
	"time"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/nod-idp/nod/idp/client"
)

// registered shows a client to the toolkit (op.Client). The toolkit asks for little
// more than the grant types; the rest is answered as narrowly as it can be.
type registered struct{ client.Client }

var _ op.Client = registered{}

// GetID returns the client's id.
func (c registered) GetID() string { return c.ID }

// RedirectURIs is empty: redirect URIs are compared by client.AllowsRedirect alone.
func (c registered) RedirectURIs() []string { return nil }

// PostLogoutRedirectURIs is empty: client.AllowsPostLogout compares them.
func (c registered) PostLogoutRedirectURIs() []string { return nil }

// ApplicationType is always web.
func (c registered) ApplicationType() op.ApplicationType { return op.ApplicationTypeWeb }

// AuthMethod is the one registered.
func (c registered) AuthMethod() oidc.AuthMethod { return oidc.AuthMethod(c.Client.AuthMethod) }

// ResponseTypes is empty: the authorization endpoint is ours.
func (c registered) ResponseTypes() []oidc.ResponseType { return nil }

// GrantTypes are the ones registered.
func (c registered) GrantTypes() []oidc.GrantType {
	all := make([]oidc.GrantType, len(c.Grants))
	for i, g := range c.Grants {
		all[i] = oidc.GrantType(g)
	}
	return all
}

// LoginURL is empty: logins are begun by our own authorization endpoint.
func (c registered) LoginURL(string) string { return "" }

// AccessTokenType is opaque.
func (c registered) AccessTokenType() op.AccessTokenType { return op.AccessTokenTypeBearer }

// IDTokenLifetime is unused: idp/token mints ID tokens.
func (c registered) IDTokenLifetime() time.Duration { return 0 }

// DevMode would loosen the comparison of redirect URIs.
func (c registered) DevMode() bool { return false }

// RestrictAdditionalIdTokenScopes lets nothing through.
func (c registered) RestrictAdditionalIdTokenScopes() func([]string) []string { return noScopes }

// RestrictAdditionalAccessTokenScopes lets nothing through.
func (c registered) RestrictAdditionalAccessTokenScopes() func([]string) []string { return noScopes }

// IsScopeAllowed allows nothing beyond the standard's scopes.
func (c registered) IsScopeAllowed(string) bool { return false }

// IDTokenUserinfoClaimsAssertion would put claims about the person into ID tokens.
func (c registered) IDTokenUserinfoClaimsAssertion() bool { return false }

// ClockSkew is unused.
func (c registered) ClockSkew() time.Duration { return 0 }

func noScopes([]string) []string { return nil }
