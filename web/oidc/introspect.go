package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
)

func (s *Surface) introspectFront(w http.ResponseWriter, r *http.Request) error {
	return s.asClient(w, r, func(c client.Client, _ url.Values) error {
		if c.Public() { // RFC 7662, section 2.1: or tokens could be found by trying
			return wrongClient("a public client cannot introspect")
		}
		return nil
	})
}

func (s *Surface) revokeFront(w http.ResponseWriter, r *http.Request) error {
	return s.asClient(w, r, func(client.Client, url.Values) error { return nil })
}

// introspection is RFC 7662, section 2.2, with acr and auth_time of RFC 9470, section
// 6.2. Of a token that is not active nothing else is told.
type introspection struct {
	Active    bool   `json:"active"`
	Scope     string `json:"scope,omitempty"`
	ClientID  string `json:"client_id,omitempty"`
	TokenType string `json:"token_type,omitempty"`
	Expires   int64  `json:"exp,omitempty"`
	IssuedAt  int64  `json:"iat,omitempty"`
	Subject   string `json:"sub,omitempty"`
	Audience  any    `json:"aud,omitempty"`
	Issuer    string `json:"iss,omitempty"`
	ID        string `json:"jti,omitempty"`
	ACR       string `json:"acr,omitempty"`
	AuthTime  int64  `json:"auth_time,omitempty"`
	Key       *bound `json:"cnf,omitempty"`
}

// bound is the key a token is bound to (RFC 9449, section 6.2).
type bound struct {
	JKT string `json:"jkt"`
}

// Introspect tells about a token.
func (s server) Introspect(ctx context.Context, r *op.Request[op.IntrospectionRequest]) (*op.Response, error) {
	found, kind, err := s.surface.Tokens.Introspect(ctx, exchangeOf(ctx).client, r.Data.Token)
	if errors.Is(err, token.ErrNone) {
		return op.NewResponse(introspection{}), nil
	}
	if err != nil {
		return refuse(ctx, err)
	}
	told := introspection{
		Active: true, Scope: strings.Join(found.Scopes, " "), ClientID: found.ClientID, Subject: found.UserID, Issuer: s.surface.Issuer,
		IssuedAt: found.IssuedAt.Unix(), Expires: found.ExpiresAt.Unix(), ID: found.ID,
	}
	if kind == token.KindAccess {
		told.TokenType, told.Audience = tokenType(found.JKT), audienceOf(found, s.surface.Issuer)
	}
	if found.JKT != "" {
		told.Key = &bound{found.JKT}
	}
	if told.Subject == "" {
		told.Subject = found.ClientID // the client acts for itself
	} else {
		told.ACR, told.AuthTime = found.Evidence.ACR(), found.Evidence.AuthTime().Unix()
	}
	return op.NewResponse(told), nil
}

// audienceOf is whom an access token is meant for (RFC 8707, section 2): without resource
// indicators our own userinfo endpoint. One is told as text, as in a JWT.
func audienceOf(found token.Access, issuer string) any {
	switch len(found.Resources) {
	case 0:
		return issuer
	case 1:
		return found.Resources[0]
	}
	return found.Resources
}

// Revocation takes a token back. The answer is the same for every token (RFC 7009,
// section 2.2).
func (s server) Revocation(ctx context.Context, r *op.ClientRequest[oidc.RevocationRequest]) (*op.Response, error) {
	if err := s.surface.Tokens.Revoke(ctx, exchangeOf(ctx).client, r.Data.Token); err != nil {
		return refuse(ctx, err)
	}
	return op.NewResponse(struct{}{}), nil
}
