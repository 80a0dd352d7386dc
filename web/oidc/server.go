package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
)

var errToolkit = errors.New("the toolkit failed without saying why")

// server is what the toolkit calls once it has read a request. It embeds the server
// that implements nothing, and not the toolkit's LegacyServer: that one lets a client
// leave out the verifier of its challenge, redeems codes more than once and mints
// tokens in ways that are not ours.
type server struct {
	op.UnimplementedServer
	surface *Surface
}

// newToolkit makes the handler behind the fronts. Its own CORS is off: it would
// reflect any origin and allow credentials.
func newToolkit(s *Surface) http.Handler {
	return op.RegisterServer(server{surface: s}, op.Endpoints{
		Token:         op.NewEndpoint(tokenPath),
		Introspection: op.NewEndpoint(introspectPath),
		Revocation:    op.NewEndpoint(revokePath),
		Userinfo:      op.NewEndpoint(userinfoPath),
	}, op.WithServerCORSOptions(nil))
}

// grantTypes are the ones that the token endpoint knows.
var grantTypes = []client.Grant{client.AuthorizationCode, client.RefreshToken, client.ClientCredentials, client.DeviceCode, client.CIBA}

func (s *Surface) tokenFront(w http.ResponseWriter, r *http.Request) error {
	c, form, err := s.asking(r, allowGrant)
	if err != nil {
		return problemOf(err)
	}
	ex := &exchange{client: c, asked: token.Asked{Resources: form[resourceParameter]}}
	if ex.asked.JKT, err = s.provedKey(w, r, c, tokenPath); err != nil {
		return problemOf(err)
	}
	if grant, waits := s.waiting(form); waits {
		return s.poll(w, r, ex, form, grant)
	}
	return s.run(w, r, ex)
}

func allowGrant(c client.Client, form url.Values) error {
	grant := form.Get("grant_type")
	switch {
	case grant == "":
		return fail(idp.InvalidRequest, "grant_type is missing", nil)
	case !slices.Contains(grantTypes, client.Grant(grant)):
		return fail(idp.UnsupportedGrantType, "this grant type is not supported", nil)
	case !c.AllowsGrant(grant):
		return fail(idp.UnauthorizedClient, "the client is not registered for this grant type", nil)
	case grant == string(client.ClientCredentials) && c.Public():
		return fail(idp.UnauthorizedClient, "a public client cannot act for itself", nil)
	}
	return nil
}

// VerifyClient returns the client that the front authenticated.
func (s server) VerifyClient(ctx context.Context, _ *op.Request[op.ClientCredentials]) (op.Client, error) {
	return registered{exchangeOf(ctx).client}, nil
}

// CodeExchange redeems a code.
func (s server) CodeExchange(ctx context.Context, r *op.ClientRequest[oidc.AccessTokenRequest]) (*op.Response, error) {
	issued, err := s.surface.Tokens.Redeem(ctx, exchangeOf(ctx).client, r.Data.Code, r.Data.RedirectURI, r.Data.CodeVerifier, exchangeOf(ctx).asked)
	return answer(ctx, issued, err)
}

// RefreshToken exchanges a refresh token.
func (s server) RefreshToken(ctx context.Context, r *op.ClientRequest[oidc.RefreshTokenRequest]) (*op.Response, error) {
	issued, err := s.surface.Tokens.Refresh(ctx, exchangeOf(ctx).client, r.Data.RefreshToken, r.Data.Scopes, exchangeOf(ctx).asked)
	return answer(ctx, issued, err)
}

// ClientCredentialsExchange gives a client tokens for itself.
func (s server) ClientCredentialsExchange(ctx context.Context, _ *op.ClientRequest[oidc.ClientCredentialsRequest]) (*op.Response, error) {
	issued, err := s.surface.Tokens.ClientCredentials(ctx, exchangeOf(ctx).client, exchangeOf(ctx).asked)
	return answer(ctx, issued, err)
}

// tokenAnswer is RFC 6749, section 5.1. scope is always told, even when nothing was
// granted: left out it would mean that all that was asked for was granted.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope"`
}

func answer(ctx context.Context, issued token.Issued, err error) (*op.Response, error) {
	if err != nil {
		return refuse(ctx, err)
	}
	return op.NewResponse(answerOf(issued)), nil
}

func answerOf(issued token.Issued) tokenAnswer {
	return tokenAnswer{
		AccessToken: issued.AccessToken, TokenType: tokenType(issued.JKT), ExpiresIn: int64(issued.ExpiresIn.Seconds()),
		RefreshToken: issued.RefreshToken, IDToken: issued.IDToken, Scope: strings.Join(issued.Scopes, " "),
	}
}

// tokenType is how an access token is to be presented (RFC 6750, section 6.1.1, and RFC
// 9449, section 5).
func tokenType(jkt string) string {
	if jkt == "" {
		return "Bearer"
	}
	return "DPoP"
}

// refuse leaves the error to the front, which knows how to tell it. The toolkit is
// not shown one: it would log it once more, and its text to the client is thrown away.
func refuse(ctx context.Context, err error) (*op.Response, error) {
	exchangeOf(ctx).err = err
	return op.NewResponse(nil), nil
}
