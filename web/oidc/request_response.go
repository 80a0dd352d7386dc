package oidc

import (
	"net/url"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
)

// responseTypes are those that a client can be registered for.
var responseTypes = []client.ResponseType{
	client.Code, client.IDToken, client.IDTokenToken, client.CodeIDToken, client.CodeToken, client.CodeIDTokenToken,
}

// The ways an answer can travel (OAuth 2.0 Multiple Response Type Encoding Practices,
// section 2.1, and OAuth 2.0 Form Post Response Mode).
var carriers = []string{"query", "fragment", "form_post"}

// responseModes are they, and each of them for a signed answer (JWT Secured Authorization
// Response Mode 1.0, section 2.3).
var responseModes = append(slices.Clone(carriers), "jwt", "query.jwt", "fragment.jwt", "form_post.jwt")

// shell is as much of a request as an answer needs, read before anything else, so that a
// fault elsewhere is told in the way that the client wants. The fault is that of the way
// itself.
func shell(values url.Values, c client.Client) (idp.AuthRequest, *idp.OAuthError) {
	req := idp.AuthRequest{ClientID: c.ID, RedirectURI: values.Get("redirect_uri"), ResponseType: ordered(values.Get("response_type"))}
	if state := values["state"]; len(state) == 1 && plain(state[0]) && len(state[0]) <= longest["state"] {
		req.State = state[0]
	}
	return req, takeResponseMode(&req, values, c)
}

// ordered writes a response type with its parts in the usual order: the client may send
// them in any (OAuth 2.0 Multiple Response Type Encoding Practices, section 5).
func ordered(given string) string {
	parts := strings.Split(given, " ")
	for _, t := range responseTypes {
		same := strings.Split(string(t), " ")
		if len(same) == len(parts) && !slices.ContainsFunc(same, func(part string) bool { return !slices.Contains(parts, part) }) {
			return string(t)
		}
	}
	return given
}

// takeResponseMode reads how the answer travels. What must not end up in logs never
// travels in a query (OAuth 2.0 Multiple Response Type Encoding Practices, section 5, and
// JARM 1.0, section 2.3.1).
func takeResponseMode(req *idp.AuthRequest, values url.Values, c client.Client) *idp.OAuthError {
	front := slices.Contains(responseTypes, client.ResponseType(req.ResponseType)) && (req.Wants("token") || req.Wants("id_token"))
	req.ResponseMode = "query"
	if front {
		req.ResponseMode = "fragment"
	}
	mode := values.Get("response_mode")
	switch {
	case len(values["response_mode"]) > 1:
		return nil // which is refused as such
	case mode == "":
		mode = req.ResponseMode
	}
	if !slices.Contains(responseModes, mode) {
		return fail(idp.InvalidRequest, "this response_mode is not supported", nil)
	}
	carrier, signed := strings.CutSuffix(mode, ".jwt")
	if carrier == "jwt" {
		carrier, signed = req.ResponseMode, true
	}
	switch {
	case carrier == "query" && front:
		return fail(idp.InvalidRequest, "this response_type must not be answered in a query", nil)
	case !c.AllowsResponseMode(traveling(carrier, signed)):
		return fail(idp.InvalidRequest, "the client is not registered for this response_mode", nil)
	case carrier == "form_post" && !webAddress(req.RedirectURI):
		return fail(idp.InvalidRequest, "response_mode form_post needs a web address as redirect URI", nil)
	}
	req.ResponseMode, req.JWT = carrier, signed
	return nil
}

// traveling is the response mode without the shorthand jwt.
func traveling(carrier string, signed bool) string {
	if signed {
		return carrier + ".jwt"
	}
	return carrier
}

func takeResponseType(req *idp.AuthRequest, _ url.Values, c client.Client) *idp.OAuthError {
	switch {
	case req.ResponseType == "":
		return fail(idp.InvalidRequest, "response_type is missing", nil)
	case !slices.Contains(responseTypes, client.ResponseType(req.ResponseType)):
		return fail(idp.UnsupportedResponseType, "this response_type is not supported", nil)
	case !c.AllowsResponseType(req.ResponseType):
		return fail(idp.UnauthorizedClient, "the client is not registered for this response_type", nil)
	case req.Wants("token") && c.RequiresDPoP():
		return fail(idp.InvalidRequest, "an access token from here cannot be bound to a key, which the client is held to", nil)
	}
	return nil
}

// webAddress reports whether a form can be sent there.
func webAddress(uri string) bool {
	u, err := url.Parse(uri)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
