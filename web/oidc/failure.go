package oidc

import (
	"errors"
	"net/http"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/dpop"
	"github.com/nod-idp/nod/web/guard"
)

// Error codes beyond those of package idp.
const (
	insufficientScope        = "insufficient_scope"         // RFC 6750, section 3.1
	registrationNotSupported = "registration_not_supported" // OpenID Connect Core 1.0, section 3.1.2.6

	// RFC 8628, section 3.5, and OpenID Connect CIBA Core 1.0, section 11.
	authorizationPending = "authorization_pending"
	slowDown             = "slow_down"
	expiredToken         = "expired_token"

	invalidBindingMessage = "invalid_binding_message" // OpenID Connect CIBA Core 1.0, section 13
)

func fail(code, description string, err error) *idp.OAuthError {
	return &idp.OAuthError{Code: code, Description: description, Err: err}
}

// The challenges of RFC 9110, section 11.6.1.
const (
	basicChallenge  = `Basic realm="nod", charset="UTF-8"`
	bearerChallenge = `Bearer realm="nod"`
)

// failureOf gives an error its name in the protocol. What exactly was wrong with a
// code or a token stays in the error, for the log: whoever tries stolen ones must not
// learn from the answer how close he is.
func failureOf(err error) *idp.OAuthError {
	var failure *idp.OAuthError
	switch {
	case errors.As(err, &failure):
		return failure
	case errors.Is(err, token.ErrInvalidGrant):
		return fail(idp.InvalidGrant, "the code or refresh token is not valid for this request", err)
	case errors.Is(err, token.ErrInvalidScope):
		return fail(idp.InvalidScope, "a scope was not granted before", err)
	case errors.Is(err, polling.ErrPending):
		return fail(authorizationPending, "the person has not answered yet", err)
	case errors.Is(err, polling.ErrSlowDown):
		return fail(slowDown, "wait five seconds longer between two polls", err)
	case errors.Is(err, polling.ErrDenied):
		return fail(idp.AccessDenied, "the person did not allow it", err)
	case errors.Is(err, polling.ErrExpired):
		return fail(expiredToken, "nobody answered in time; begin again", err)
	case errors.Is(err, token.ErrInvalidTarget):
		return fail(idp.InvalidTarget, "a resource was not granted before", err)
	case errors.Is(err, token.ErrProofNeeded):
		return fail(idp.InvalidDPoPProof, "this client needs a DPoP proof", err)
	case errors.Is(err, dpop.ErrInvalid):
		return fail(idp.InvalidDPoPProof, "the DPoP proof is not valid for this request", err)
	case errors.Is(err, dpop.ErrUseNonce):
		return fail(idp.UseDPoPNonce, "the DPoP proof must hold the nonce of the header DPoP-Nonce", err)
	case errors.Is(err, token.ErrNone):
		return fail(idp.InvalidToken, "the access token is not valid", err)
	}
	return nil
}

// problemOf is the answer of an endpoint that applications call (RFC 6749, section
// 5.2, and RFC 6750, section 3). An error without a name in the protocol is our own
// fault and says no more than that.
func problemOf(err error) error {
	failure := failureOf(err)
	if failure == nil || errors.Is(err, db.ErrUnavailable) { // no reason to give up a grant
		return err
	}
	p := guard.Problem{
		Status: http.StatusBadRequest, Code: failure.Code, Public: failure.Description, Side: guard.SideApplication, Err: err,
	}
	switch failure.Code {
	case idp.InvalidClient:
		p.Status = http.StatusUnauthorized
		p.Header = http.Header{"Www-Authenticate": {basicChallenge}}
	case idp.InvalidToken:
		p.Status = http.StatusUnauthorized
		p.Header = bearerHeader(failure)
	case insufficientScope:
		p.Status = http.StatusForbidden
		p.Header = bearerHeader(failure)
	}
	return p
}

// bearerHeader tells a resource's caller what is wrong. Our descriptions hold no
// quotes, so they need no escaping.
func bearerHeader(failure *idp.OAuthError) http.Header {
	return http.Header{"Www-Authenticate": {
		bearerChallenge + `, error="` + failure.Code + `", error_description="` + failure.Description + `"`,
	}}
}
