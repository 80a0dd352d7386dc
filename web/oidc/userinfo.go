package oidc

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/web/guard"
)

// userinfoFront takes the access token from the Authorization header or, by POST,
// from the body, and never from the address (RFC 6750, section 2; RFC 9700, section
// 4.3.2).
func (s *Surface) userinfoFront(w http.ResponseWriter, r *http.Request) error {
	bearer, err := bearerOf(r)
	if err != nil {
		return problemOf(err)
	}
	if bearer == "" {
		// RFC 6750, section 3.1: who brought no token is told no error code.
		return guard.Problem{
			Status: http.StatusUnauthorized, Code: idp.InvalidToken, Public: "an access token is needed", Side: guard.SideApplication,
			Header: http.Header{"Www-Authenticate": {bearerChallenge}},
		}
	}
	// The toolkit reads the header; whatever else the request holds is not shown to it.
	bare := r.Clone(r.Context())
	bare.Header = http.Header{"Authorization": {"Bearer " + bearer}, "Origin": r.Header.Values("Origin")}
	bare.Form, bare.PostForm = map[string][]string{}, map[string][]string{}
	return s.run(w, bare, &exchange{})
}

func bearerOf(r *http.Request) (string, error) {
	if r.URL.RawQuery != "" {
		return "", fail(idp.InvalidRequest, "an access token does not belong in the address", nil)
	}
	headers := r.Header.Values("Authorization")
	if len(headers) > 1 {
		return "", fail(idp.InvalidRequest, "more than one Authorization header", nil)
	}
	var inBody string
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") != "" {
		form, err := formOf(r)
		if err != nil {
			return "", err
		}
		inBody = form.Get("access_token")
	}
	if len(headers) == 0 {
		return inBody, nil
	}
	scheme, bearer, found := strings.Cut(headers[0], " ")
	switch {
	case inBody != "":
		return "", fail(idp.InvalidRequest, "more than one access token was sent", nil)
	case !strings.EqualFold(scheme, "Bearer"):
		return "", nil
	case !found || strings.TrimSpace(bearer) == "":
		return "", fail(idp.InvalidRequest, "the Authorization header holds no token", nil)
	}
	return strings.TrimSpace(bearer), nil
}

// UserInfo tells about the person an access token was issued for (OpenID Connect Core
// 1.0, section 5.3).
func (s server) UserInfo(ctx context.Context, r *op.Request[oidc.UserInfoRequest]) (*op.Response, error) {
	access, err := s.surface.Tokens.Access(ctx, r.Data.AccessToken)
	if err != nil {
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
	if exchangeOf(ctx).client, err = s.surface.Clients.Get(ctx, access.ClientID); err != nil {
		return refuse(ctx, fail(idp.InvalidToken, "the access token is not valid", err))
	}
	return op.NewResponse(person.ClaimsFor(access.Scopes)), nil
}
