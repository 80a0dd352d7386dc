package oidc

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/web/guard"
)

// userinfoFront takes the access token from the Authorization header or, by POST,
// from the body, and never from the address (RFC 6750, section 2; RFC 9700, section
// 4.3.2).
func (s *Surface) userinfoFront(w http.ResponseWriter, r *http.Request) error {
	p, err := presentedBy(r)
	if err != nil {
		return problemOf(err)
	}
	if p.token == "" {
		// RFC 6750, section 3.1: who brought no token is told no error code.
		return guard.Problem{
			Status: http.StatusUnauthorized, Code: idp.InvalidToken, Public: "an access token is needed", Side: guard.SideApplication,
			Header: http.Header{"Www-Authenticate": {bearerChallenge, dpopChallenge}},
		}
	}
	// The toolkit reads the header; whatever else the request holds is not shown to it.
	bare := r.Clone(r.Context())
	bare.Header = http.Header{"Authorization": {"Bearer " + p.token}, "Origin": r.Header.Values("Origin")}
	bare.Form, bare.PostForm = map[string][]string{}, map[string][]string{}
	ex := &exchange{holds: func(access token.Access, c client.Client) error { return s.bindingHolds(w, r, p, access, c) }}
	return atResource(p, s.run(w, bare, ex))
}

// presentedBy reads the access token and the scheme it came by. One in the body is a bearer
// token.
func presentedBy(r *http.Request) (presented, error) {
	if r.URL.RawQuery != "" {
		return presented{}, fail(idp.InvalidRequest, "an access token does not belong in the address", nil)
	}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return presented{}, fail(idp.InvalidRequest, "more than one Authorization header", nil)
	}
	var inBody string
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "" {
		form, err := formOf(r)
		if err != nil {
			return presented{}, err
		}
		inBody = form.Get("access_token")
	}
	if len(headers) == 0 {
		return presented{"bearer", inBody}, nil
	}
	scheme, credentials, found := strings.Cut(headers[0], " ")
	p := presented{strings.ToLower(scheme), strings.TrimSpace(credentials)}
	switch {
	case inBody != "":
		return presented{}, fail(idp.InvalidRequest, "more than one access token was sent", nil)
	case p.scheme != "bearer" && p.scheme != "dpop":
		return presented{}, nil
	case !found || p.token == "":
		return presented{}, fail(idp.InvalidRequest, "the Authorization header holds no token", nil)
	}
	return p, nil
}

// UserInfo tells about the person an access token was issued for (OpenID Connect Core
// 1.0, section 5.3).
func (s server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	access, err := s.surface.Tokens.Access(ctx, r.Data.AccessToken)
	if err != nil {
		return refuse(ctx, err)
	}
	c, err := s.surface.Clients.Get(ctx, access.ClientID)
	if err != nil && !errors.Is(err, client.ErrNotFound) {
		return refuse(ctx, err)
	}
	if err != nil {
		return refuse(ctx, fail(idp.InvalidToken, "the access token is not valid", err))
	}
	exchangeOf(ctx).client = c
	if err := exchangeOf(ctx).holds(access, c); err != nil {
		return refuse(ctx, err)
	}
	if access.UserID == "" || !access.Allows("openid") {
		return refuse(ctx, fail(insufficientScope, "the access token lacks the scope openid", nil))
	}
	person, err := s.surface.Users.ByID(ctx, access.UserID)
	if errors.Is(err, user.ErrNotFound) {
		return refuse(ctx, fail(idp.InvalidToken, "the access token is not valid", err))
	}
	if err != nil {
		return refuse(ctx, err)
	}
	return op.NewResponse(person.ClaimsFor(access.Scopes, access.Claims.UserInfo...)), nil
}
