package client

import (
	"fmt"
	"slices"
	"strings"
)

// checkCIBA holds a client that may ask people by itself to what CIBA Core 1.0, section
// 4, wants.
func (c Client) checkCIBA() error {
	granted := c.AllowsGrant(string(CIBA))
	switch {
	case granted && c.CIBA == CIBAOff:
		return &InvalidError{Field: "ciba", Reason: "the grant needs a way to deliver", Allowed: "poll or ping"}
	case c.CIBA == CIBAPing && c.CIBANotificationURI == "":
		return &InvalidError{Field: "ciba_notification_uri", Reason: "ping needs an address", Allowed: webRule}
	case c.CIBA != CIBAPing && c.CIBANotificationURI != "":
		return &InvalidError{Field: "ciba_notification_uri", Value: c.CIBANotificationURI, Reason: "nothing would be sent there", Allowed: "ciba ping with it"}
	}
	return nil
}

// fapiGrants are those that the profile speaks of.
var fapiGrants = []Grant{AuthorizationCode, RefreshToken, ClientCredentials}

// checkFAPI refuses what the FAPI 2.0 Security Profile, section 5.3.2, rules out. What it
// demands of requests is demanded where they are read.
func (c Client) checkFAPI() error {
	refused := func(field, value, allowed string) error {
		return &InvalidError{Field: field, Value: value, Reason: "of the FAPI 2.0 Security Profile", Allowed: allowed}
	}
	switch c.FAPI {
	case NoFAPI:
		return nil
	case FAPI2:
	default:
		return &InvalidError{Field: "fapi", Value: fmt.Sprint(int(c.FAPI)), Allowed: "0 or 2"}
	}
	switch {
	case c.AuthMethod != AuthPrivateKey:
		return refused("token_endpoint_auth_method", string(c.AuthMethod), string(AuthPrivateKey))
	case c.PKCE != PKCERequired:
		return refused("pkce", string(c.PKCE), string(PKCERequired))
	case c.IDTokenAlg == RS256:
		return refused("id_token_alg", string(c.IDTokenAlg), "PS256, ES256 or EdDSA")
	case c.RefreshRotation:
		return refused("refresh_rotation", "on", "off")
	case slices.ContainsFunc(c.ResponseTypes, func(t ResponseType) bool { return t != Code }):
		return refused("response_types", list(c.ResponseTypes), string(Code))
	case slices.ContainsFunc(c.Grants, func(g Grant) bool { return !slices.Contains(fapiGrants, g) }):
		return refused("grants", list(c.Grants), list(fapiGrants))
	}
	for _, uri := range c.RedirectURIs {
		if !strings.HasPrefix(uri, "https://") && !strings.HasPrefix(uri, "http://") {
			return refused("redirect_uris", uri, "an https URI")
		}
	}
	return nil
}
