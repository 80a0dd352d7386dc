package e2e

import (
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/formbrowser"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/mail/mailtest"
	"github.com/nod-idp/nod/internal/webhook"
)

const newPassphrase = "another quiet and longer passphrase"

// receiver takes webhooks; the first of them it fails.
type receiver struct {
	*httptest.Server
	tries  atomic.Int64
	events chan string // bodies that were signed as they should be
}

func receive(t *testing.T, secret webhook.Secret) *receiver {
	t.Helper()
	r := &receiver{events: make(chan string, 10)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if r.tries.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		body, err := io.ReadAll(req.Body)
		at, parsed := strconv.ParseInt(req.Header.Get("webhook-timestamp"), 10, 64)
		if err != nil || parsed != nil || secret.Sign(req.Header.Get("webhook-id"), time.Unix(at, 0), body) != req.Header.Get("webhook-signature") {
			t.Errorf("a webhook is not signed as it should be: %v, %v", err, parsed)
			return
		}
		r.events <- string(body)
	}))
	t.Cleanup(r.Close)
	return r
}

// eachPost runs a story against servers from which mails and webhooks leave.
func eachPost(t *testing.T, story func(t *testing.T, w *world, post *mailtest.Server, hooks *receiver)) {
	t.Helper()
	secret, err := webhook.ParseSecret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	for name, database := range map[string]func() string{
		"sqlite":   func() string { return "" },
		"postgres": func() string { return dbtest.PostgresURL(t) },
	} {
		t.Run(name, func(t *testing.T) {
			post, hooks := mailtest.Start(t, mailtest.Options{}), receive(t, secret)
			at, err := mail.ParseServer(post.URL())
			if err != nil {
				t.Fatal(err)
			}
			w := startWith(t, server.Options{
				Place: config.Place{Database: database()}, OutboundAllow: []string{"127.0.0.1"}, OutboundTLS: &tls.Config{},
				Mail: &mail.Sender{Server: at, From: "Contoso <id@contoso.example>"}, Webhooks: []string{hooks.URL + "/hook"}, WebhookSecret: secret,
				AlertTo: []string{"ops@contoso.example"},
			})
			story(t, w, post, hooks)
		})
	}
}

// press presses a button of a page outside of a login.
func (w *world) press(b *formbrowser.Browser, p *formbrowser.Page, button, wantState string, fields map[string]string) *formbrowser.Page {
	w.t.Helper()
	to, err := b.Press(w.t.Context(), p, button, fields)
	if err != nil {
		w.t.Fatal(err)
	}
	if to.State != wantState {
		w.t.Fatalf("at %s: got state %q (status %d), want %q\n%s", to.URL, to.State, to.Status, wantState, to.Body)
	}
	return to
}

// open opens a page outside of a login.
func (w *world) open(b *formbrowser.Browser, path, wantState string) *formbrowser.Page {
	w.t.Helper()
	p, err := b.Get(w.t.Context(), w.issuer+path)
	if err != nil {
		w.t.Fatal(err)
	}
	if p.State != wantState {
		w.t.Fatalf("%s: got state %q (status %d) at %s, want %q", path, p.State, p.Status, p.URL, wantState)
	}
	return p
}

var mailedCode = regexp.MustCompile(`(http://localhost:\d+)/reset#(nrc_[\w-]+)`)

func TestAForgottenPasswordIsReplacedByMail(t *testing.T) {
	eachPost(t, func(t *testing.T, w *world, post *mailtest.Server, hooks *receiver) {
		p := w.phone(w.user, "phone", "")
		if m := post.Next(); m.To != username+"@example.com" || !strings.Contains(m.Subject, "device was added") {
			t.Errorf("of the device: got %+v", m)
		}
		v := w.visit(w.browser(), w.app)
		v.want("login")
		trouble := regexp.MustCompile(`href="(/help/[A-Za-z0-9_.-]+)"`).FindStringSubmatch(v.page.Body)
		if trouble == nil {
			t.Fatal("the sign-in page does not say where help is")
		}
		help := w.open(v.b, trouble[1], "trouble")
		if !strings.Contains(help.Body, `href="/login/`) {
			t.Error("no way leads back to the login")
		}
		nobody := w.press(v.b, help, "send-reset", "sent", map[string]string{"account": "nobody"})
		sent := w.press(v.b, help, "send-reset", "sent", map[string]string{"account": username})
		if nobody.Body != sent.Body || nobody.Status != sent.Status {
			t.Error("the answer depends on whether there is such an account")
		}

		m := post.Next()
		link := mailedCode.FindStringSubmatch(m.Text)
		if link == nil || link[1] != w.issuer || m.To != username+"@example.com" {
			t.Fatalf("got mail to %s: %s", m.To, m.Text)
		}
		w.hide(link[2], newPassphrase)
		b := w.browser() // the mail may be read elsewhere
		w.open(b, "/reset/password", "reset-code")
		code := w.open(b, "/reset", "reset-code")
		code = w.press(b, code, "reset-open", "reset-code", map[string]string{"reset-code": link[2] + "x"})
		if !code.Has("code-error") {
			t.Error("the page does not say that the code was no good")
		}
		choose := w.press(b, code, "reset-open", "reset-password", map[string]string{"reset-code": " " + link[2] + " "})
		choose = w.press(b, choose, "reset-save", "reset-password", map[string]string{"new-password": "short"})
		if !choose.Has("password-error") {
			t.Error("the page does not say why the password was refused")
		}
		w.press(b, choose, "reset-save", "reset-done", map[string]string{"new-password": newPassphrase})
		w.press(b, choose, "reset-save", "reset-code", map[string]string{"new-password": newPassphrase + " again"})
		w.press(b, w.open(b, "/reset", "reset-code"), "reset-open", "reset-code", map[string]string{"reset-code": link[2]})

		// The login goes on with the new password, and asks for the phone as ever.
		v.reload("login")
		v.press("login-submit", "login", "username", username, "password", passphrase)
		v.press("login-submit", "method", "username", username, "password", newPassphrase)
		v.finish(p, v.ask())

		subjects := map[string]string{}
		for range 2 {
			told := post.Next()
			subjects[told.To] = told.Subject
		}
		if !strings.Contains(subjects[username+"@example.com"], "password was changed") || !strings.Contains(subjects["ops@contoso.example"], "password.reset") {
			t.Errorf("got mails %v", subjects)
		}
		w.skip(10 * time.Second) // the first try failed
		select {
		case body := <-hooks.events:
			var event struct {
				ID, Type string
				Data     struct {
					User     string
					UserName string `json:"user_name"`
				}
			}
			if err := json.Unmarshal([]byte(body), &event); err != nil || event.ID == "" || event.Type != "password.reset" ||
				event.Data.User != w.user.ID || event.Data.UserName != username {
				t.Errorf("got webhook %s, %v", body, err)
			}
		case <-time.After(15 * time.Second):
			t.Error("no webhook came")
		}
		post.None()
	})
}

func TestWithoutMailTheHelpPageNamesTheAdministrator(t *testing.T) {
	w := start(t, "")
	b := w.browser()
	page := w.open(b, "/help", "trouble")
	if page.Has("send-reset") || !strings.Contains(page.Body, "administrator") {
		t.Errorf("got %s", page.Body)
	}
	for path, status := range map[string]int{"/help/elsewhere": 404, "/help/https:%2F%2Fevil.example": 404, "/help/log_" + strings.Repeat("a", 26): 200} {
		if res, _ := get(t, w.issuer+path); res.StatusCode != status {
			t.Errorf("%s: got %d, want %d", path, res.StatusCode, status)
		}
	}
}
