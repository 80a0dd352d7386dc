// Package e2e drives a real HTTP server the way the world does: a relying party on a
// standard library of other hands, a browser without script, and devices in
// software.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/formbrowser"
)

const (
	username   = "alice"
	passphrase = "a long and quiet passphrase"
	callback   = "http://127.0.0.1:9/callback" // never fetched
)

// world is one running nod with one person and one application.
type world struct {
	t      *testing.T
	s      *server.Server
	issuer string
	user   user.User
	app    app
	stop   context.CancelFunc // asks the server to go down; the end of the test does so too
	ahead  atomic.Int64       // how far the server's clock is ahead, ns
	log    *lockedBuffer
	seen   []string // secrets that must not be in the log
}

// app is a relying party.
type app struct {
	oauth2.Config
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
}

// each runs a story against a server on SQLite and one on PostgreSQL.
func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		story(t, start(t, ""))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		story(t, start(t, dbtest.PostgresURL(t)))
	})
}

func start(t *testing.T, database string) *world {
	t.Helper()
	return startWith(t, server.Options{Place: config.Place{Database: database}})
}

// startWith starts a server with options of the test's own, besides those that every
// test has. prepare sees the server before it serves.
func startWith(t *testing.T, o server.Options, prepare ...func(*server.Server)) *world {
	t.Helper()
	w := bare(t, o, 0, prepare...)
	w.user = w.person(username)
	w.app = w.application(client.New{ID: "mail", Name: "Contoso Mail"})
	return w
}

// bare starts a server whose clock is ahead, and adds nothing to what its database holds.
func bare(t *testing.T, o server.Options, ahead time.Duration, prepare ...func(*server.Server)) *world {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, issuer: fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port), log: &lockedBuffer{}}
	w.ahead.Store(int64(ahead))
	o.PublicURL = w.issuer
	if o.Place.Data == "" {
		o.Place.Data = t.TempDir()
	}
	o.Log = slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Now = func() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }
	w.s, err = server.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range prepare {
		p(w.s)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	done := make(chan error, 1)
	go func() { done <- w.s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if err := w.s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		w.noSecretInTheLog()
	})
	return w
}

func (w *world) person(name string) user.User {
	w.t.Helper()
	hash, err := w.s.Logins.Hasher.Hash(w.t.Context(), passphrase)
	if err != nil {
		w.t.Fatal(err)
	}
	u, err := w.s.Users.Add(w.t.Context(), user.New{Name: name, PasswordHash: hash, Claims: user.Claims{
		Name: "Alice Example", GivenName: "Alice", Email: name + "@example.com", EmailVerified: true,
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// application registers an application of the house: nobody is asked for consent.
func (w *world) application(n client.New) app {
	w.t.Helper()
	n.RedirectURIs, n.FirstParty = []string{callback}, true
	n.PostLogoutRedirectURIs = []string{"http://127.0.0.1:9/"}
	c, secret, err := w.s.Clients.Add(w.t.Context(), n)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.relyingParty(c.ID, secret)
}

// relyingParty is an application that is registered already.
func (w *world) relyingParty(id, secret string) app {
	w.t.Helper()
	w.hide(secret)
	provider, err := oidc.NewProvider(w.t.Context(), w.issuer)
	if err != nil {
		w.t.Fatalf("discovery: %v", err)
	}
	endpoint := provider.Endpoint()
	endpoint.AuthStyle = oauth2.AuthStyleInHeader // guessing hides the first error behind a second
	return app{
		Config: oauth2.Config{
			ClientID: id, ClientSecret: secret, Endpoint: endpoint, RedirectURL: callback,
			Scopes: []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: id, SupportedSigningAlgs: []string{"RS256", "ES256", "EdDSA"}, Now: w.s.Options.Now}),
		provider: provider,
	}
}

// phone enrols a device in software, without or with a PIN.
func (w *world) phone(u user.User, name, pin string) *simulator.Phone {
	w.t.Helper()
	link, err := w.s.Devices.Link(w.t.Context(), devices.LinkRequest{UserID: u.ID, Valid: time.Hour, MadeBy: "cli:test"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.hide(link.Token)
	p, err := simulator.Enroll(w.t.Context(), link.URL, simulator.Options{Name: name, PIN: pin})
	if err != nil {
		w.t.Fatalf("enrol %s: %v", name, err)
	}
	return p
}

func (w *world) browser() *formbrowser.Browser {
	b := formbrowser.New(nil)
	b.Leaves = func(u *url.URL) bool { return u.Host == "127.0.0.1:9" }
	b.UserAgent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	return b
}

// visit is one browser on its way through one authorization request.
type visit struct {
	*world
	b        *formbrowser.Browser
	app      app
	state    string
	nonce    string
	verifier string
	page     *formbrowser.Page
}

// visits counts requests, so that each has a state of its own.
var visits atomic.Int64

func (w *world) visit(b *formbrowser.Browser, a app, extra ...oauth2.AuthCodeOption) *visit {
	w.t.Helper()
	n := visits.Add(1)
	v := &visit{world: w, b: b, app: a, state: fmt.Sprintf("state-%d", n), nonce: fmt.Sprintf("nonce-%d", n), verifier: oauth2.GenerateVerifier()}
	options := append([]oauth2.AuthCodeOption{oidc.Nonce(v.nonce), oauth2.S256ChallengeOption(v.verifier)}, extra...)
	page, err := b.Get(w.t.Context(), a.AuthCodeURL(v.state, options...))
	if err != nil {
		w.t.Fatalf("authorize: %v", err)
	}
	v.page = page
	return v
}

// press presses a button of the present page and wants the state that follows.
func (v *visit) press(button, wantState string, fields ...string) {
	v.t.Helper()
	values := map[string]string{}
	for i := 0; i < len(fields); i += 2 {
		values[fields[i]] = fields[i+1]
	}
	page, err := v.b.Press(v.t.Context(), v.page, button, values)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page = page
	v.want(wantState)
}

func (v *visit) want(state string) {
	v.t.Helper()
	if v.page.State != state {
		v.t.Fatalf("at %s: got state %q (status %d), want %q\n%s", v.page.URL, v.page.State, v.page.Status, state, v.page.Body)
	}
}

// reload fetches the page again and wants the state.
func (v *visit) reload(state string) {
	v.t.Helper()
	page, err := v.b.Get(v.t.Context(), v.page.URL.String())
	if err != nil {
		v.t.Fatal(err)
	}
	v.page = page
	v.want(state)
}

// password gets as far as the second factor.
func (v *visit) password() *visit {
	v.t.Helper()
	v.want("login")
	v.press("login-submit", "method", "username", username, "password", passphrase)
	return v
}

// ask sends the request to the devices and returns the match number.
func (v *visit) ask() string {
	v.t.Helper()
	v.press("use-mobile", "pending")
	return v.page.Text("match-number")
}

// code follows the done page to the client and returns the code.
func (v *visit) code() string {
	v.t.Helper()
	v.want("done")
	end, err := v.b.Follow(v.t.Context(), v.page)
	if err != nil {
		v.t.Fatal(err)
	}
	return v.answer(end.URL).Get("code")
}

// answer checks what every authorization response must hold.
func (v *visit) answer(u *url.URL) url.Values {
	v.t.Helper()
	if !strings.HasPrefix(u.String(), callback) {
		v.t.Fatalf("got to %s, want the client", u)
	}
	q := u.Query()
	if q.Get("state") != v.state || q.Get("iss") != v.issuer {
		v.t.Fatalf("got state %q and iss %q in %s", q.Get("state"), q.Get("iss"), u)
	}
	return q
}

// tokens redeems a code and verifies the ID token.
func (v *visit) tokens(code string) (*oauth2.Token, *oidc.IDToken, map[string]any) {
	v.t.Helper()
	token, err := v.app.Exchange(v.t.Context(), code, oauth2.VerifierOption(v.verifier))
	if err != nil {
		v.t.Fatalf("redeem: %v", err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := v.app.verifier.Verify(v.t.Context(), raw)
	if err != nil {
		v.t.Fatalf("ID token: %v", err)
	}
	if id.Nonce != v.nonce {
		v.t.Errorf("got nonce %q, want %q", id.Nonce, v.nonce)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		v.t.Fatal(err)
	}
	v.hide(token.AccessToken, token.RefreshToken, raw, code)
	return token, id, claims
}

// only returns the one request that is open on a phone.
func (w *world) only(p *simulator.Phone) string {
	w.t.Helper()
	open, err := p.Requests(w.t.Context())
	if err != nil || len(open) != 1 {
		w.t.Fatalf("got %d open requests, %v, want 1", len(open), err)
	}
	return open[0].ID
}

// approve answers the one open request and returns the passcode the phone made.
func (w *world) approve(p *simulator.Phone, number, pin string) string {
	w.t.Helper()
	passcode, err := p.Approve(w.t.Context(), w.only(p), number, pin)
	if err != nil {
		w.t.Fatalf("approve: %v", err)
	}
	return passcode
}

// skip moves the server's clock.
func (w *world) skip(d time.Duration) { w.ahead.Add(int64(d)) }

// audited counts journal entries of an action.
func (w *world) audited(action, outcome string) (n int) {
	w.t.Helper()
	err := w.s.DB.Get(w.t.Context(), &n, "SELECT count(*) FROM audit WHERE action = $1 AND outcome = $2", action, outcome)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) hide(secrets ...string) {
	for _, s := range secrets {
		if s != "" {
			w.seen = append(w.seen, s)
		}
	}
}

// noSecretInTheLog holds "No secret in a log" (the design, section 8).
func (w *world) noSecretInTheLog() {
	text := w.log.String()
	for _, secret := range append(w.seen, passphrase) {
		if strings.Contains(text, secret) {
			w.t.Errorf("the log holds the secret %.12s…", secret)
		}
	}
}

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
