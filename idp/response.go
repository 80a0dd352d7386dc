package idp

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
)

// Response is what goes back to the client's redirect URI: what the response type asked
// for, or an error.
type Response struct {
	Request     AuthRequest
	Code        string
	AccessToken string
	ExpiresIn   time.Duration // of the access token
	Scopes      []string      // of the access token
	IDToken     string
	Err         *OAuthError

	signed string // all of it as a JWT, "" for plain parameters
}

// Field is one parameter of an authorization response.
type Field struct{ Name, Value string }

// Signed returns the response as a JWT that only this client takes, if the request wants
// that (JWT Secured Authorization Response Mode 1.0, section 2.1).
func (r Response) Signed(ctx context.Context, tokens *token.Tokens, c client.Client) (Response, error) {
	if !r.Request.JWT {
		return r, nil
	}
	parameters := map[string]any{}
	for _, f := range r.Fields(tokens.Issuer) {
		parameters[f.Name] = f.Value
	}
	var err error
	if r.signed, err = tokens.SignResponse(ctx, c, parameters); err != nil {
		return Response{}, fmt.Errorf("sign an authorization response: %w", err)
	}
	return r, nil
}

// Fields are the parameters of the response in a fixed order: what was issued or the
// error, state, and iss (RFC 9207), which errors carry as well. A signed response is one
// parameter.
func (r Response) Fields(issuer string) []Field {
	var fields []Field
	add := func(name, value string) {
		if value != "" {
			fields = append(fields, Field{name, value})
		}
	}
	if r.signed != "" {
		add("response", r.signed)
		return fields
	}
	if r.Err != nil {
		add("error", r.Err.Code)
		add("error_description", r.Err.Description)
	} else {
		add("code", r.Code)
		if r.AccessToken != "" {
			add("access_token", r.AccessToken)
			add("token_type", "Bearer")
			add("expires_in", strconv.FormatInt(int64(r.ExpiresIn.Seconds()), 10))
			add("scope", strings.Join(r.Scopes, " "))
		}
		add("id_token", r.IDToken)
	}
	add("state", r.Request.State)
	add("iss", issuer)
	return fields
}

// URL is the redirect URI with the response in its query or its fragment, as the
// request's response mode asks. A query that the redirect URI has already is kept
// as it is (RFC 6749, section 3.1.2).
func (r Response) URL(issuer string) string {
	values := make([]string, 0, 4)
	for _, f := range r.Fields(issuer) {
		values = append(values, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
	}
	separator := "?"
	switch {
	case r.Request.ResponseMode == "fragment":
		separator = "#"
	case strings.HasSuffix(r.Request.RedirectURI, "?"):
		separator = ""
	case strings.Contains(r.Request.RedirectURI, "?"):
		separator = "&"
	}
	return r.Request.RedirectURI + separator + strings.Join(values, "&")
}
