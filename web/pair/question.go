package pair

import (
	"context"
	"crypto/hmac"
	"errors"
	"net/http"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Question asks whether the thing may be signed in. Buttons device-allow and device-deny,
// each in a form of its own; state link-question.
type Question struct {
	page.Frame
	Token    string // one-time form token
	AllowURL string
	DenyURL  string
	Name     string // of the application
	Code     string // as it must stand on the other screen
	IP       string // where the application asked from
	Account  string // who would be signed in there
	Items    []string
}

// question asks whoever has proved what the client demands, and lets everybody else
// prove it first.
func (s *Surface) question(w http.ResponseWriter, r *http.Request) error {
	p, c, err := s.about(r)
	if err != nil {
		return s.over(w, r, err)
	}
	h, err := s.Logins.PairHolder(r.Context(), s.Jar.Browser(r), c.ID, p.ID)
	if errors.Is(err, idp.ErrSignIn) {
		return s.signIn(w, r, p)
	}
	if err != nil {
		return err
	}
	return s.set.Render(w, http.StatusOK, "question", Question{
		Frame: page.Frame{App: page.App{Name: c.Name}}, Token: s.Logins.FormOf(h, "pair "+p.ID),
		AllowURL: Address(p.ID) + "/allow", DenyURL: Address(p.ID) + "/deny",
		Name: c.Name, Code: p.UserCode, IP: p.IP, Account: h.User.DisplayName(), Items: s.site.Scopes(p.Scopes),
	})
}

// about returns the pairing that a request is about, and whose it is.
func (s *Surface) about(r *http.Request) (pairing.Pairing, client.Client, error) {
	p, err := s.Pairings.Get(r.Context(), r.PathValue("pairing"))
	if err != nil {
		return p, client.Client{}, err
	}
	c, err := s.Clients.Get(r.Context(), p.ClientID)
	if errors.Is(err, client.ErrNotFound) { // it was removed since
		err = pairing.ErrNone
	}
	return p, c, err
}

// over leads to the page that says what became of a pairing that waits for no answer any
// more. Of two presses of a button the second gets there as the first one did.
func (s *Surface) over(w http.ResponseWriter, r *http.Request, err error) error {
	if !errors.Is(err, pairing.ErrNone) {
		return err
	}
	answer, err := s.Pairings.Answer(r.Context(), r.PathValue("pairing"))
	if err != nil {
		return err
	}
	next := map[pairing.Answer]string{pairing.Allowed: allowedPath, pairing.Denied: deniedPath, pairing.Unanswered: overPath}[answer]
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

// signIn begins a login that leads back to the question.
func (s *Surface) signIn(w http.ResponseWriter, r *http.Request, p pairing.Pairing) error {
	begun, err := s.Logins.BeginPair(r.Context(), s.Jar.Browser(r), p.ClientID, p.ID)
	if err != nil {
		return err
	}
	s.Jar.BindLogin(w, begun.LoginToken)
	http.Redirect(w, r, "/login/"+begun.Login, http.StatusSeeOther)
	return nil
}

// deciding takes the person's answer.
func (s *Surface) deciding(decide func(*pairing.Pairings, context.Context, string, session.Session) error, then string) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		p, c, err := s.about(r)
		if err != nil {
			return s.over(w, r, err)
		}
		h, err := s.Logins.PairHolder(r.Context(), s.Jar.Browser(r), c.ID, p.ID)
		if errors.Is(err, idp.ErrSignIn) {
			return s.signIn(w, r, p)
		}
		if err != nil {
			return err
		}
		if !hmac.Equal([]byte(form.Get("form_token")), []byte(s.Logins.FormOf(h, "pair "+p.ID))) {
			return guard.Problem{Status: http.StatusForbidden, Code: "stale_form"}
		}
		if err := decide(s.Pairings, r.Context(), p.ID, h.Session); err != nil {
			return s.over(w, r, err)
		}
		http.Redirect(w, r, then, http.StatusSeeOther)
		return nil
	}
}
