package oidc_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/client/keyset"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/pushed"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/oidc"
	"github.com/nod-idp/nod/web/page"
)

const (
	redirect  = "https://app.example/cb"
	afterward = "https://app.example/bye"
	verifier  = "abcdefghijklmnopqrstuvwxyz-0123456789._~ABCDEF"
	challenge = "u10OcMnnlTV7BpPynqPemhaxlEQd73nb3C3RGJl5990"
)

// world is a server with Alice, who is signed in, three clients, a fake of the logins
// and a browser that does not follow redirects.
type world struct {
	t       testing.TB
	url     string
	db      *db.DB
	surface *oidc.Surface
	clients *client.Clients
	users   *user.Users
	tokens  *token.Tokens
	logins  *fakeLogins
	alice   user.User
	session session.Session
	cookie  string // the token of Alice's session
	secret  string // of app
	posted  string // the secret of poster
	browser *http.Client
	log     *lockedBuffer
	handler http.Handler

	mu  sync.Mutex
	now time.Time
}

// fakeLogins answers from Alice's session, or sends to a login page.
type fakeLogins struct {
	w        *world
	sessions *idp.Service // knows how to end one

	mu      sync.Mutex
	asks    bool // whether a login page is needed
	denies  bool // whether Alice rejects what is asked
	request idp.AuthRequest
	browser idp.Browser
	begun   int
}

func (f *fakeLogins) Begin(ctx context.Context, req idp.AuthRequest, b idp.Browser) (idp.Begun, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.request, f.browser, f.begun = req, b, f.begun+1
	if f.asks {
		return idp.Begun{Login: "log_1", LoginToken: "nlg_1"}, nil
	}
	if req.Prompts("none") && b.SessionToken == "" {
		return idp.Begun{Response: &idp.Response{Request: req, Err: &idp.OAuthError{Code: idp.LoginRequired, Description: "nobody is signed in"}}}, nil
	}
	if f.denies {
		return idp.Begun{Response: &idp.Response{Request: req, Err: &idp.OAuthError{Code: idp.AccessDenied, Description: "rejected"}}}, nil
	}
	return idp.Begun{Response: &idp.Response{Request: req, Code: f.w.code(req)}}, nil
}

func (f *fakeLogins) Find(_ context.Context, id string, b idp.Browser) (idp.Login, error) {
	if id != "log_1" || b.LoginToken != "nlg_1" {
		return idp.Login{}, idp.ErrElsewhere
	}
	return idp.Login{ID: id}, nil
}

func (f *fakeLogins) SignOut(ctx context.Context, held session.Session) error {
	return f.sessions.SignOut(ctx, held)
}

func newWorld(t testing.TB, d *db.DB) *world {
	t.Helper()
	w := &world{t: t, db: d, now: time.Now().Truncate(time.Second), log: &lockedBuffer{}}
	ctx := t.Context()
	in, err := instance.Open(ctx, d, seal.NewKey(), w.now)
	must(t, err)
	server := httptest.NewUnstartedServer(nil)
	w.url = "http://" + server.Listener.Addr().String()
	ring := &keys.Ring{DB: d, Box: in.Box, Algorithms: []keys.Algorithm{keys.ES256, keys.EdDSA}}
	must(t, ring.Start(ctx))
	sessions := &session.Sessions{DB: d, Epoch: in.Epoch, Now: w.clock}
	t.Cleanup(sessions.Wait)
	w.users = &user.Users{DB: d}
	w.tokens = &token.Tokens{DB: d, Box: in.Box, Epoch: in.Epoch, Issuer: w.url, Keys: ring, Sessions: sessions, People: w.users, Now: w.clock}
	w.clients = &client.Clients{DB: d}
	w.logins = &fakeLogins{w: w, sessions: &idp.Service{DB: d, Sessions: sessions, Tokens: w.tokens}}
	site, err := page.New(page.Brand{}, oidc.Static())
	must(t, err)
	w.surface = &oidc.Surface{
		Issuer: w.url, Logins: w.logins, Clients: w.clients, Users: w.users, Sessions: sessions, Tokens: w.tokens, Keys: ring, Box: in.Box,
		Jar: cookie.Jar{}, Site: site, Now: w.clock, ClientKeys: &keyset.Keys{Now: w.clock},
		Pushed: &pushed.Requests{DB: d, Epoch: in.Epoch, Now: w.clock},
	}
	pages, err := guard.NewBrowser(w.url, oidc.Exempt()...)
	must(t, err)
	pages.ErrorPage = site.Problem
	pages.Handle(page.StaticPattern, site.Files)
	api := &guard.API{}
	must(t, w.surface.RegisterPages(pages))
	must(t, w.surface.RegisterAPI(api))
	w.handler = &guard.Edge{API: api, Browser: pages, PublicURL: w.url, Log: slog.New(slog.NewJSONHandler(w.log, nil))}
	server.Config.Handler = w.handler
	server.Start()
	t.Cleanup(server.Close)
	w.populate()
	w.browser = w.newBrowser()
	return w
}

func (w *world) populate() {
	w.t.Helper()
	ctx := w.t.Context()
	add := func(n client.New) (secret string) {
		_, secret, err := w.clients.Add(ctx, n)
		must(w.t, err)
		return secret
	}
	w.secret = add(client.New{
		ID: "app", Name: "Contoso Mail", RedirectURIs: []string{redirect, "https://app.example/other?x=1"},
		PostLogoutRedirectURIs: []string{afterward}, IDTokenAlg: client.ES256, Origins: []string{"https://app.example"},
		Grants: []client.Grant{client.AuthorizationCode, client.RefreshToken, client.ClientCredentials},
	})
	add(client.New{ID: "spa", RedirectURIs: []string{redirect, "com.example.app:/cb"}, AuthMethod: client.AuthNone, IDTokenAlg: client.EdDSA, Origins: []string{"https://spa.example"}})
	w.posted = add(client.New{ID: "poster", RedirectURIs: []string{redirect}, AuthMethod: client.AuthPost, IDTokenAlg: client.ES256, PKCE: client.PKCEOptional})
	var err error
	w.alice, err = w.users.Add(ctx, user.New{Name: "alice", Claims: user.Claims{Name: "Alice Ärmel", Email: "alice@example.org"}})
	must(w.t, err)
	w.signIn()
}

func (w *world) signIn() {
	w.t.Helper()
	proof := evidence.Evidence{PasswordAt: w.now.Add(-time.Minute), FactorAt: w.now.Add(-time.Second), Factor: []string{"otp"}}
	must(w.t, w.db.Write(w.t.Context(), func(tx *db.Tx) (err error) {
		w.session, w.cookie, err = w.surface.Sessions.StartTx(tx, session.New{UserID: w.alice.ID, Evidence: proof})
		return err
	}))
}

func on(t testing.TB) *world { return newWorld(t, dbtest.SQLite(t)) }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// code issues a code for Alice's session, as the end of a login does.
func (w *world) code(req idp.AuthRequest) (code string) {
	must(w.t, w.db.Write(w.t.Context(), func(tx *db.Tx) (err error) {
		code, err = w.tokens.IssueCodeTx(tx, token.CodeRequest{
			ClientID: req.ClientID, UserID: w.alice.ID, SID: w.session.SID, RedirectURI: req.RedirectURI, Nonce: req.Nonce,
			CodeChallenge: req.CodeChallenge, Scopes: req.Scopes, Claims: req.Claims, Evidence: w.session.Evidence,
			DPoPThumbprint: req.DPoPThumbprint, Resources: req.Resources,
		})
		return err
	}))
	return code
}

// newBrowser is one that keeps cookies and follows no redirect.
func (w *world) newBrowser() *http.Client {
	jar, err := cookiejar.New(nil)
	must(w.t, err)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *world) giveCookie(name, value string) {
	u, err := url.Parse(w.url)
	must(w.t, err)
	w.browser.Jar.SetCookies(u, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
}

// answered is a response whose body has been read.
type answered struct {
	*http.Response
	body string
}

func (a answered) json(t testing.TB) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatalf("%v in %d %s", err, a.StatusCode, a.body)
	}
	return v
}

// location is where a redirect leads, with what its query says.
func (a answered) location(t testing.TB) (string, url.Values) {
	t.Helper()
	u, err := url.Parse(a.Header.Get("Location"))
	must(t, err)
	q := u.Query()
	if u.Fragment != "" {
		q, err = url.ParseQuery(u.EscapedFragment())
		must(t, err)
		u.Fragment, u.RawFragment = "", ""
	}
	u.RawQuery = ""
	return u.String(), q
}

func (w *world) send(r *http.Request) answered {
	w.t.Helper()
	resp, err := w.browser.Do(r)
	must(w.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(w.t, err)
	return answered{resp, string(body)}
}

func (w *world) get(path string, query url.Values) answered {
	w.t.Helper()
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.url+path, nil)
	must(w.t, err)
	return w.send(r)
}

// post sends a form. change may alter the request before.
func (w *world) post(path string, form url.Values, change ...func(*http.Request)) answered {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+path, strings.NewReader(form.Encode()))
	must(w.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range change {
		c(r)
	}
	return w.send(r)
}

func (w *world) asApp(r *http.Request) { r.SetBasicAuth("app", w.secret) }

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// ask is a complete authorization request of the client app, with changes: pairs of
// name and value, where "-" leaves the parameter out.
func ask(changes ...string) url.Values {
	q := url.Values{
		"client_id": {"app"}, "redirect_uri": {redirect}, "response_type": {"code"}, "scope": {"openid profile email offline_access"},
		"state": {"s+ t&1"}, "nonce": {"n-1"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "-" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	return q
}

// signedIn goes through authorization and code exchange as the client app.
func (w *world) signedIn(changes ...string) map[string]any {
	w.t.Helper()
	_, q := w.get("/authorize", ask(changes...)).location(w.t)
	got := w.post("/oauth/token", exchange(q.Get("code")), w.asApp)
	if got.StatusCode != http.StatusOK {
		w.t.Fatalf("code exchange: got %d %s", got.StatusCode, got.body)
	}
	return got.json(w.t)
}

func exchange(code string) url.Values {
	return url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirect}, "code_verifier": {verifier}}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lockedBuffer is written by the server while a test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func setOptionalPKCE(tx *db.Tx) error {
	if err := tx.Bump("clients"); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE clients SET pkce = 'optional'")
	return err
}

func breakRefreshTokens(tx *db.Tx) error {
	_, err := tx.Exec("ALTER TABLE refresh_tokens RENAME TO elsewhere")
	return err
}
