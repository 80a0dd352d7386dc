package main

import (
	"errors"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	nod "github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
	"github.com/nod-idp/nod/web/deviceapi"
	"github.com/nod-idp/nod/web/guard"
)

// answersDevices runs what a server runs for devices, and notes its address.
func (s *terminal) answersDevices(in *installation) {
	s.t.Helper()
	api := &guard.API{}
	server := httptest.NewServer(api)
	s.t.Cleanup(server.Close)
	if err := instance.SetPublicURL(s.t.Context(), in.DB, server.URL); err != nil {
		s.t.Fatal(err)
	}
	room, err := (&verb{installation: in, ctx: s.t.Context()}).devices()
	if err != nil {
		s.t.Fatal(err)
	}
	challenges := &mfa.Service{DB: in.DB, Box: in.Instance.Box, Epoch: in.Instance.Epoch, Issuer: server.URL, Devices: room,
		People: nod.People{Users: in.Users}, Guesses: &throttle.Guesses{DB: in.DB}}
	(&deviceapi.Surface{Devices: room, Challenges: challenges, DB: in.DB, Streams: &guard.Streams{}}).Register(api)
}

func TestADeviceComesByALinkAndGoesByAVerb(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	s.types("", "user", "enroll-link", "alice").fails(statusFailure, "the address of the server is not known yet", "nod serve")
	s.answersDevices(s.opened())

	var link struct {
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	s.does("user", "enroll-link", "alice", "--valid", "2h", "--no-confirm", "--json").json(&link)
	if left := time.Until(link.ExpiresAt); !strings.Contains(link.URL, "/app/enrol#") || left < 119*time.Minute || left > 2*time.Hour {
		t.Errorf("got %+v", link)
	}
	s.does("device", "enroll", link.URL, "--store", filepath.Join(t.TempDir(), "phone.json"), "--name", "Terminal")

	devices := func(args ...string) []deviceView {
		t.Helper()
		var all []deviceView
		s.does(append([]string{"user", "devices", "alice", "--json"}, args...)...).json(&all)
		return all
	}
	all := devices()
	if len(all) != 1 || all[0].State != "active" || all[0].Name != "Terminal" || all[0].Kind != "software" || all[0].Fingerprint == "" || !all[0].Push {
		t.Fatalf("got %+v", all)
	}
	id := all[0].ID
	if all = devices("--suspend", id); all[0].State != "suspended" {
		t.Errorf("suspended: got %+v", all)
	}
	if all = devices("--resume", id); all[0].State != "active" {
		t.Errorf("resumed: got %+v", all)
	}
	if all = devices("--forbid-push", id); !all[0].Forbidden || !all[0].Push {
		t.Errorf("push forbidden: got %+v", all)
	}
	if all = devices("--allow-push", id); all[0].Forbidden {
		t.Errorf("push allowed: got %+v", all)
	}
	s.types("", "user", "devices", "alice", "--remove", id).fails(statusFailure, `remove for good the device "Terminal"`, "--yes")
	s.types("", "user", "devices", "alice", "--remove", "dev_x", "--yes").fails(statusFailure, "no such device")
	s.types("", "user", "devices", "alice", "--remove", id, "--suspend", id).fails(statusUsage, "exclude each other")
	s.does("user", "add", "bob")
	s.types("", "user", "devices", "bob", "--remove", id, "--yes").fails(statusFailure, "no such device")
	if all = devices("--remove", id, "--yes"); len(all) != 0 {
		t.Errorf("removed: got %+v", all)
	}
	if journal := s.does("audit", "--json").stdout; strings.Contains(journal, strings.SplitN(link.URL, "#", 2)[1]) ||
		!strings.Contains(journal, `"confirm": false`) && !strings.Contains(journal, `"confirm":false`) {
		t.Errorf("the journal holds the link's secret, or not that it needs no confirmation: %s", journal)
	}
}

func TestALinkForNobodyIsNotMade(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	s.answersDevices(s.opened())
	for _, valid := range []string{"60", "1s", "31d", "soon"} {
		s.types("", "user", "enroll-link", "alice", "--valid", valid).fails(statusUsage, "allowed is from 1m to 30d")
	}
	s.types("", "user", "enroll-link", "alice", "--verification", "kindness").fails(statusUsage, "allowed is biometric, biometric-or-pin")
	s.does("user", "enroll-link", "alice", "--verification", "biometric-with-pin")
	s.types("", "user", "enroll-link", "bob").fails(statusFailure, "no such user")
	s.does("user", "disable", "alice")
	s.types("", "user", "enroll-link", "alice").fails(statusFailure, "the account is not active", "nod user enable")
}

// signsIn begins a session of a person and returns the cookie's token.
func (s *terminal) signsIn(in *installation, name string) (session.Session, string) {
	s.t.Helper()
	u, err := in.Users.ByLogin(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	var began session.Session
	var token string
	if err := in.DB.Write(s.t.Context(), func(tx *db.Tx) error {
		began, token, err = in.Sessions.StartTx(tx, session.New{UserID: u.ID, IP: "192.0.2.1", UserAgent: "Browser \x1b[31m1",
			Evidence: evidence.Evidence{PasswordAt: time.Now()}})
		return err
	}); err != nil {
		s.t.Fatal(err)
	}
	return began, token
}

func (s *terminal) signedIn(in *installation, token string) bool {
	s.t.Helper()
	_, err := in.Sessions.Find(s.t.Context(), token)
	if err != nil && !errors.Is(err, session.ErrNone) {
		s.t.Fatal(err)
	}
	in.Sessions.Wait()
	return err == nil
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	s.does("user", "add", "bob")
	in := s.opened()
	first, firstToken := s.signsIn(in, "alice")
	_, secondToken := s.signsIn(in, "alice")
	_, bobs := s.signsIn(in, "bob")
	var open []sessionView
	s.does("user", "sessions", "alice", "--json").json(&open)
	if len(open) != 2 || open[0].IP != "192.0.2.1" || len(open[0].Methods) != 1 || open[0].Methods[0] != "pwd" {
		t.Errorf("got %+v", open)
	}
	if human := s.does("user", "sessions", "alice").stdout; strings.Contains(human, "\x1b") || !strings.Contains(human, `\x1b[31m`) {
		t.Errorf("a browser's name steers the terminal: %q", human)
	}
	s.types("", "user", "sessions", "bob", "--end", first.ID).fails(statusFailure, "no such session")
	s.does("user", "sessions", "alice", "--end", first.ID, "--json").json(&open)
	if len(open) != 1 || s.signedIn(in, firstToken) || !s.signedIn(in, secondToken) {
		t.Errorf("one ended: got %+v", open)
	}
	s.does("user", "sessions", "alice", "--end-all", "--json").json(&open)
	if len(open) != 0 || s.signedIn(in, secondToken) || !s.signedIn(in, bobs) {
		t.Errorf("all ended: got %+v", open)
	}
}

func TestADisabledPersonComesBackWithoutOldSessions(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	in := s.opened()
	_, token := s.signsIn(in, "alice")
	var view userView
	if s.does("user", "disable", "alice", "--json").json(&view); view.State != "disabled" || s.signedIn(in, token) {
		t.Errorf("disabled: got %+v", view)
	}
	if s.does("user", "enable", "alice", "--json").json(&view); view.State != "active" || s.signedIn(in, token) {
		t.Errorf("enabled: got %+v, or a session that came back to life", view)
	}
}

func TestANewPasswordEndsSessionsAndForgetsBrowsers(t *testing.T) {
	s := newTerminal(t)
	s.types(goodPassword, "user", "add", "alice", "--password-stdin").ok()
	in := s.opened()
	began, token := s.signsIn(in, "alice")
	var browser string
	if err := in.DB.Write(t.Context(), func(tx *db.Tx) (err error) {
		browser, err = in.Sessions.RememberTx(tx, began.UserID, "", "192.0.2.1", "Browser")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s.types(goodPassword+" again", "user", "password", "alice", "--password-stdin").ok()
	if _, known, err := in.Sessions.Known(t.Context(), began.UserID, browser); known || err != nil || s.signedIn(in, token) {
		t.Errorf("got a known browser %v, %v, or an open session", known, err)
	}
}

func TestUnlockForgetsWrongGuesses(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	in := s.opened()
	u, err := in.Users.ByLogin(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	guesses := &throttle.Guesses{DB: in.DB}
	target := throttle.Target{Account: u.ID, Authenticator: idp.PasswordAuthenticator, IP: "192.0.2.1"}
	guess := func() error {
		attempt, err := guesses.Reserve(t.Context(), target)
		if err != nil {
			return err
		}
		return in.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := guesses.WrongTx(tx, attempt)
			return err
		})
	}
	var wait *throttle.WaitError
	for err == nil {
		err = guess()
	}
	if !errors.As(err, &wait) {
		t.Fatalf("got %v, want to have to wait", err)
	}
	s.does("user", "unlock", "ALICE")
	if err := guess(); err != nil {
		t.Errorf("unlocked: got %v", err)
	}
	if journal := s.does("audit", "--last", "1").stdout; !strings.Contains(journal, "user.unlocked") || !strings.Contains(journal, "cli:") {
		t.Errorf("got %s", journal)
	}
}
