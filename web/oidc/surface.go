// Package oidc speaks OpenID Connect and OAuth 2.0 with applications: discovery and
// keys, the authorization endpoint, the token endpoint and its kin, userinfo and the
// end of a session. It owns how requests are read and answers are written, down to
// the last header. It decides nothing about people: a login is carried by idp, tokens
// are issued and honoured by idp/token, and the pages in between belong to web/login.
//
// Words: a front is what stands before an endpoint of the toolkit
// (github.com/zitadel/oidc) and does what the toolkit leaves out: methods, parameters
// sent twice, the client's authentication, headers and errors. A failure is an error
// that the protocol has a name for, an idp.OAuthError; a fault of client or redirect
// URI is a page and never a redirect.
package oidc

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/assertion"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/idp/pushed"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/dpop"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Logins begins logins and ends sessions; idp.Service does.
type Logins interface {
	Begin(ctx context.Context, req idp.AuthRequest, b idp.Browser) (idp.Begun, error)
	// Find returns a stored login to the browser that began it.
	Find(ctx context.Context, id string, b idp.Browser) (idp.Login, error)
	// SignOut ends a session and what clients were given under it.
	SignOut(ctx context.Context, held session.Session) error
}

// Surface answers everything applications ask. All fields must be set before it is
// registered.
type Surface struct {
	Issuer   string // the public URL, without a slash at its end
	Logins   Logins
	Clients  *client.Clients
	Users    *user.Users
	Sessions *session.Sessions
	Tokens   *token.Tokens
	Keys     *keys.Ring
	// ClientKeys finds the keys that clients sign with; nil means registered ones alone.
	ClientKeys *keyset.Keys
	Pushed     *pushed.Requests
	Box        *seal.Box
	Jar        cookie.Jar
	Site       *page.Site
	Since      time.Time        // of a restore: proofs and assertions made before count no more
	Now        func() time.Time // nil means time.Now

	// Pairings signs people in on things without a browser; PairURL is the page where they
	// say so.
	Pairings *pairing.Pairings
	PairURL  string
	// Inquiries ask people for clients that have no browser to send.
	Inquiries *ciba.Inquiries

	// Counted is told of every request for tokens, by its grant and what came of it: "ok" or
	// the code of a refusal. nil means that nobody counts.
	Counted func(grant, result string)

	views    *page.Set
	toolkit  http.Handler
	asserted *assertion.Judge
	proofs   *dpop.Judge
	known    document
	origins  *db.Cached[map[string]bool]
	once     sync.Once
	err      error
}

// The addresses, below the issuer.
const (
	authorizePath  = "/authorize"
	tokenPath      = "/oauth/token"
	pushPath       = "/oauth/par"
	introspectPath = "/oauth/introspect"
	revokePath     = "/oauth/revoke"
	userinfoPath   = "/oauth/userinfo"
	devicePath     = "/oauth/device_authorization"
	cibaPath       = "/oauth/bc-authorize"
	logoutPath     = "/logout"
	jwksPath       = "/.well-known/jwks.json"
	openidPath     = "/.well-known/openid-configuration"
	oauthPath      = "/.well-known/oauth-authorization-server"
)

// Exempt are the patterns that other sites may send forms to. Their handlers only
// store what they got, or pass it on by 303. It is meant for guard.NewBrowser.
func Exempt() []string {
	return []string{"POST " + authorizePath, "POST " + logoutPath}
}

//go:embed templates
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Static is the folder of this surface's scripts, for page.New.
func Static() fs.FS { return page.Folder(staticFiles) }

// RegisterPages adds what browsers are sent to.
func (s *Surface) RegisterPages(b *guard.Browser) error {
	if err := s.prepare(); err != nil {
		return err
	}
	b.Handle("GET "+authorizePath, s.authorize)
	b.Handle("POST "+authorizePath, s.authorize)
	b.Handle("GET "+logoutPath, s.logout)
	b.Handle("POST "+logoutPath, s.logout)
	b.Handle("POST "+confirmPath, s.confirmLogout)
	b.Handle("GET "+donePath, s.loggedOut)
	return nil
}

// RegisterAPI adds what applications call.
func (s *Surface) RegisterAPI(a *guard.API) error {
	if err := s.prepare(); err != nil {
		return err
	}
	everybody := &guard.CORS{}
	for _, path := range []string{openidPath, oauthPath} {
		a.Handle("GET "+path, guard.Route{Handler: s.discovery, FromMemory: true, CORS: everybody})
	}
	a.Handle("GET "+jwksPath, guard.Route{Handler: s.jwks, FromMemory: true, CORS: everybody})

	form := []string{guard.Form}
	a.Handle("POST "+tokenPath, guard.Route{Handler: s.countedToken, Accepts: form, MaxBody: maxForm, CORS: s.cors(http.MethodPost)})
	a.Handle("POST "+pushPath, guard.Route{Handler: s.push, Accepts: form, MaxBody: maxPushed})
	a.Handle("POST "+introspectPath, guard.Route{Handler: s.introspectFront, Accepts: form, MaxBody: maxForm})
	a.Handle("POST "+revokePath, guard.Route{Handler: s.revokeFront, Accepts: form, MaxBody: maxForm})
	a.Handle("POST "+devicePath, guard.Route{Handler: s.deviceAuthorization, Accepts: form, MaxBody: maxForm})
	a.Handle("POST "+cibaPath, guard.Route{Handler: s.backchannel, Accepts: form, MaxBody: maxForm})
	userinfo := guard.Route{
		Handler: s.userinfoFront, Accepts: []string{guard.Form, guard.NoBody}, MaxBody: maxForm, CORS: s.cors(http.MethodGet, http.MethodPost),
	}
	a.Handle("GET "+userinfoPath, userinfo)
	a.Handle("POST "+userinfoPath, userinfo)
	return nil
}

// prepare makes once what all requests share.
func (s *Surface) prepare() error {
	s.once.Do(func() {
		if s.views, s.err = s.Site.Set(templateFiles); s.err != nil {
			s.err = fmt.Errorf("prepare protocol pages: %w", s.err)
			return
		}
		if s.known, s.err = s.metadata(); s.err != nil {
			return
		}
		s.toolkit = newToolkit(s)
		if s.ClientKeys == nil {
			s.ClientKeys = &keyset.Keys{Now: s.Tokens.Now}
		}
		s.asserted = &assertion.Judge{Issuer: s.Issuer, Keys: s.ClientKeys, DB: s.Clients.DB, Since: s.Since, Now: s.Tokens.Now}
		s.proofs = &dpop.Judge{DB: s.Clients.DB, NonceKey: s.Box.Subkey("dpop-nonce"), Since: s.Since, Now: s.Tokens.Now}
		s.origins = s.cachedOrigins()
	})
	return s.err
}
