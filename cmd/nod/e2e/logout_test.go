package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// listener is an application that hears of sessions that ended, by go-oidc.
type listener struct {
	url   string
	heard chan *oidc.LogoutToken
	trust *oidc.IDTokenVerifier
}

func listen(t *testing.T) *listener {
	t.Helper()
	l := &listener{heard: make(chan *oidc.LogoutToken, 8)}
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, err := l.trust.VerifyLogout(r.Context(), r.PostFormValue("logout_token"))
		if err != nil {
			t.Errorf("go-oidc refuses the logout token: %v", err)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		l.heard <- token
	}))
	t.Cleanup(receiver.Close)
	l.url = receiver.URL + "/logout"
	return l
}

// hear waits for a logout token.
func (l *listener) hear(t *testing.T) *oidc.LogoutToken {
	t.Helper()
	select {
	case token := <-l.heard:
		return token
	case <-time.After(20 * time.Second):
		t.Fatal("the application was not told")
		return nil
	}
}

// quiet holds that nothing more was heard.
func (l *listener) quiet(t *testing.T) {
	t.Helper()
	select {
	case token := <-l.heard:
		t.Errorf("the application was told once more, of %s", token.Subject)
	default:
	}
}

// listening starts a server with an application that hears.
func listening(t *testing.T, database string) (*world, *listener, *simulator.Phone) {
	t.Helper()
	l := listen(t)
	o := server.Options{OutboundAllow: []string{"127.0.0.1"}}
	o.Place.Database = database
	w := startWith(t, o)
	w.app = w.application(client.New{ID: "wiki", Name: "Wiki", BackchannelLogoutURI: l.url})
	l.trust = w.app.verifier
	return w, l, w.phone(w.user, "phone", "")
}

// through signs in to the application and returns the visit with the ID token.
func (w *world) through(p *simulator.Phone) (v *visit, idToken string, sid string) {
	w.t.Helper()
	w.skip(11 * time.Second) // so that the phone may be asked
	v = w.visit(w.browser(), w.app).password()
	w.approve(p, v.ask(), "")
	v.reload("approved")
	v.press("passcode-submit", "done")
	token, _, claims := v.tokens(v.code())
	idToken, _ = token.Extra("id_token").(string)
	sid, _ = claims["sid"].(string)
	return v, idToken, sid
}

func TestHoweverASessionEndsItsApplicationsAreTold(t *testing.T) {
	for name, end := range map[string]func(w *world, v *visit, idToken string, p *simulator.Phone){
		"the application signs the person out": func(w *world, v *visit, idToken string, _ *simulator.Phone) {
			if _, err := v.b.Get(w.t.Context(), w.issuer+"/logout?"+url.Values{"id_token_hint": {idToken}}.Encode()); err != nil {
				w.t.Fatal(err)
			}
		},
		"the person signs out": func(w *world, v *visit, _ string, _ *simulator.Phone) {
			v.open("/logout", "consent")
			v.press("logout-confirm", "done")
		},
		"the person ends it from elsewhere": func(w *world, _ *visit, _ string, p *simulator.Phone) {
			elsewhere := w.entered("/account/sessions", p, "")
			elsewhere.press("end-others", "sessions")
		},
		"the administrator ends all": func(w *world, _ *visit, _ string, _ *simulator.Phone) {
			w.command("user", "sessions", username, "--end-all", "--yes")
		},
		"the administrator sets the password": func(w *world, _ *visit, _ string, _ *simulator.Phone) {
			w.command("user", "password", username, "--generate")
		},
		"the administrator disables the person": func(w *world, _ *visit, _ string, _ *simulator.Phone) {
			w.command("user", "disable", username, "--yes")
		},
		"the person reports a sign-in from the same network": func(w *world, _ *visit, _ string, p *simulator.Phone) {
			w.skip(11 * time.Second)
			w.visit(w.browser(), w.app).password().ask()
			if err := p.Report(w.t.Context(), w.only(p)); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := ""
			if name == "the administrator ends all" { // by way of another process
				database = dbtest.PostgresURL(t)
			}
			w, l, p := listening(t, database)
			v, idToken, sid := w.through(p)
			end(w, v, idToken, p)
			token := l.hear(t)
			var claims struct {
				SID string `json:"sid"`
			}
			if err := token.Claims(&claims); err != nil {
				t.Fatal(err)
			}
			if token.Subject != w.user.ID || claims.SID != sid {
				t.Errorf("got %s and %s, want %s and %s", token.Subject, claims.SID, w.user.ID, sid)
			}
			l.quiet(t)
		})
	}
}

func TestSigningInAgainTellsNobody(t *testing.T) {
	w, l, p := listening(t, "")
	v, _, sid := w.through(p)
	w.skip(11 * time.Second)
	again := w.visit(v.b, w.app, oauth2.SetAuthURLParam("prompt", "login")).password()
	w.approve(p, again.ask(), "")
	again.reload("approved")
	again.press("passcode-submit", "done")
	if _, _, claims := again.tokens(again.code()); claims["sid"] != sid {
		t.Errorf("got sid %v, want %s", claims["sid"], sid)
	}
	time.Sleep(100 * time.Millisecond)
	l.quiet(t)
}

// command runs nod as it is shipped beside the server.
func (w *world) command(args ...string) string {
	w.t.Helper()
	nod, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	args = append(args, "--data", w.s.Options.Place.Data)
	if w.s.Options.Place.Database != "" {
		args = append(args, "--database", w.s.Options.Place.Database)
	}
	cmd := exec.CommandContext(w.t.Context(), nod, args...)
	var errs strings.Builder
	cmd.Stderr = io.Writer(&errs)
	out, err := cmd.Output()
	if err != nil {
		w.t.Fatalf("nod %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}
