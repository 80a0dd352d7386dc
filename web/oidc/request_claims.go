package oidc

import (
	"net/url"
	"slices"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
)

// takeClaims reads the parameter claims (OpenID Connect Core 1.0, section 5.5). A class of
// authentication that is essential must be reached or the login fails (section 5.5.1.1);
// one that nobody knows never will be.
func takeClaims(req *idp.AuthRequest, values url.Values, _ client.Client) *idp.OAuthError {
	text := values.Get("claims")
	if text == "" {
		return nil
	}
	wanted, err := claims.Parse(text)
	if err != nil {
		return fail(idp.InvalidRequest, "claims cannot be read", err)
	}
	if req.HintSubject, err = wanted.Subject(); err != nil {
		return fail(idp.InvalidRequest, "claims names more than one person", err)
	}
	classes, essential, err := wanted.ACR()
	if err != nil {
		return fail(idp.InvalidRequest, "claims asks for acr in a way that cannot be read", err)
	}
	req.Claims = wanted.Asked()
	switch {
	case !essential:
		req.ACRValues = classes
	case !slices.ContainsFunc(classes, known):
		return fail(idp.UnmetAuthentication, "no such authentication context class is known here", nil)
	default:
		req.Claims.ACR = classes
	}
	return nil
}

func known(class string) bool { return slices.Contains(evidence.ACRs(), class) }
