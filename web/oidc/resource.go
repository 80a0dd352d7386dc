package oidc

import (
	"net/url"
	"regexp"
	"slices"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
)

// resourceParameter is the one parameter that may be repeated (RFC 8707, section 2).
const resourceParameter = "resource"

// takeResources keeps the resources that tokens are to be used at. Each must be one that
// the client is registered for.
func takeResources(req *idp.AuthRequest, values url.Values, c client.Client) *idp.OAuthError {
	for _, resource := range values[resourceParameter] {
		if !slices.Contains(c.Resources, resource) {
			return fail(idp.InvalidTarget, "the client is not registered for this resource", nil)
		}
		if !slices.Contains(req.Resources, resource) {
			req.Resources = append(req.Resources, resource)
		}
	}
	return nil
}

// thumbprintForm is SHA-256 in base64url (RFC 7638, section 3).
var thumbprintForm = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// takeKey keeps the thumbprint of the key that the code is to be redeemed with (RFC 9449,
// section 10).
func takeKey(req *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	jkt := values.Get("dpop_jkt")
	if jkt != "" && !thumbprintForm.MatchString(jkt) {
		return fail(idp.InvalidRequest, "dpop_jkt is not a thumbprint", nil)
	}
	req.DPoPThumbprint = jkt
	return nil
}
