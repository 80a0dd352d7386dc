package demo

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"sync"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// Mail is "Contoso Mail", a small web application that knows nothing of nod but its
// issuer, a client id and a secret. It uses a standard OpenID Connect library, as an
// application developer would.
type Mail struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	endURL   string // the provider's end_session_endpoint
	home     string // where this application is reached

	mu      sync.Mutex
	started map[string]start   // by state
	inboxes map[string]account // by cookie
}

type start struct{ nonce, verifier string }

// account is what the application knows of the person who is signed in.
type account struct {
	Name, Email, Subject, AMR, IDToken string
}

// NewMail asks the issuer who it is and returns the application.
func NewMail(ctx context.Context, issuer, clientID, secret, home string) (*Mail, error) {
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return nil, fmt.Errorf("discover %s: %w", issuer, err)
	}
	var more struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&more); err != nil {
		return nil, fmt.Errorf("discover %s: %w", issuer, err)
	}
	return &Mail{
		oauth: oauth2.Config{
			ClientID: clientID, ClientSecret: secret, Endpoint: provider.Endpoint(), RedirectURL: home + "/callback",
			Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: clientID}),
		endURL:   more.EndSession, home: home,
		started: map[string]start{}, inboxes: map[string]account{},
	}, nil
}

// ServeHTTP answers the application's pages.
func (m *Mail) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		m.front(w, r)
	case "/login":
		m.login(w, r)
	case "/callback":
		m.callback(w, r)
	case "/logout":
		m.logout(w, r)
	case "/favicon.ico":
		w.WriteHeader(http.StatusNoContent)
	case "/style.css":
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		_, _ = w.Write(style)
	default:
		http.NotFound(w, r)
	}
}

//go:embed mail.css
var style []byte

//go:embed mail.html
var pageText string

var pageTemplate = template.Must(template.New("mail").Parse(pageText))

const mailCookie = "contoso-mail"

func (m *Mail) front(w http.ResponseWriter, r *http.Request) {
	who, _ := m.who(r)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pageTemplate.Execute(w, who)
}

func (m *Mail) who(r *http.Request) (account, bool) {
	c, err := r.Cookie(mailCookie)
	if err != nil {
		return account{}, false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.inboxes[c.Value]
	return a, ok
}

// login sends the browser to the provider (authorization code flow with PKCE).
func (m *Mail) login(w http.ResponseWriter, r *http.Request) {
	state, s := rand.Text(), start{nonce: rand.Text(), verifier: oauth2.GenerateVerifier()}
	m.mu.Lock()
	if len(m.started) > 1000 {
		clear(m.started)
	}
	m.started[state] = s
	m.mu.Unlock()
	http.Redirect(w, r, m.oauth.AuthCodeURL(state, oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.verifier)), http.StatusSeeOther)
}

func (m *Mail) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	m.mu.Lock()
	s, known := m.started[q.Get("state")]
	delete(m.started, q.Get("state"))
	m.mu.Unlock()
	if !known {
		http.Error(w, "This answer belongs to no sign-in that was started here. Begin again at "+m.home, http.StatusBadRequest)
		return
	}
	if q.Has("error") {
		http.Redirect(w, r, "/?stopped", http.StatusSeeOther)
		return
	}
	a, err := m.redeem(r.Context(), q.Get("code"), s)
	if err != nil {
		http.Error(w, "Signing in failed: "+err.Error(), http.StatusBadGateway)
		return
	}
	id := rand.Text()
	m.mu.Lock()
	m.inboxes[id] = a
	m.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: mailCookie, Value: id, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (m *Mail) redeem(ctx context.Context, code string, s start) (account, error) {
	token, err := m.oauth.Exchange(ctx, code, oauth2.VerifierOption(s.verifier))
	if err != nil {
		return account{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := m.verifier.Verify(ctx, raw)
	if err != nil {
		return account{}, err
	}
	if id.Nonce != s.nonce {
		return account{}, fmt.Errorf("the ID token answers another request")
	}
	var claims struct {
		AMR []string `json:"amr"`
	}
	if err := id.Claims(&claims); err != nil {
		return account{}, err
	}
	a := account{Subject: id.Subject, IDToken: raw}
	if list, err := json.Marshal(claims.AMR); err == nil {
		a.AMR = string(list)
	}
	return a, m.profile(ctx, token, &a)
}

// profile asks the userinfo endpoint for name and address.
func (m *Mail) profile(ctx context.Context, token *oauth2.Token, a *account) error {
	provider, err := oidc.NewProvider(ctx, m.issuer())
	if err != nil {
		return err
	}
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	var named struct {
		Name string `json:"name"`
	}
	if err := info.Claims(&named); err != nil {
		return err
	}
	a.Name, a.Email = named.Name, info.Email
	return nil
}

func (m *Mail) issuer() string {
	u, err := url.Parse(m.oauth.Endpoint.AuthURL)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// logout ends the session here and asks the provider to end its own.
func (m *Mail) logout(w http.ResponseWriter, r *http.Request) {
	a, ok := m.who(r)
	if c, err := r.Cookie(mailCookie); err == nil {
		m.mu.Lock()
		delete(m.inboxes, c.Value)
		m.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: mailCookie, Path: "/", MaxAge: -1})
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	q := url.Values{"id_token_hint": {a.IDToken}, "post_logout_redirect_uri": {m.home + "/"}}
	http.Redirect(w, r, m.endURL+"?"+q.Encode(), http.StatusSeeOther)
}
