package help

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Code asks for the code of a link, which script has put into the form already. Input
// reset-code, button reset-open; state reset-code.
type Code struct {
	page.Frame
	Action  string
	Wrong   bool   // the last one was no good
	HelpURL string // where a new one can be asked for
}

// Choose asks for the new password. Input new-password, button reset-save; state
// reset-password.
type Choose struct {
	page.Frame
	Username string // for password managers
	Action   string
	Token    string
	Least    int    // how many characters it needs
	Refused  string // why the last one was, "" if none was
}

// code draws the page that a link leads to. It uses nothing up, however often it is
// opened, so whoever looks into mails before the person does breaks nothing.
func (s *Surface) code(w http.ResponseWriter, r *http.Request) error {
	return s.set.Render(w, http.StatusOK, "code", Code{Action: codePath, Wrong: r.URL.Query().Has("wrong"), HelpURL: helpPath})
}

// open exchanges the code for a ticket.
func (s *Surface) open(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	ticket, err := s.Logins.OpenReset(r.Context(), strings.TrimSpace(form.Get("reset-code")))
	if err != nil {
		return s.refuse(w, r, err)
	}
	s.Jar.KeepTicket(w, ticket)
	http.Redirect(w, r, choosePath, http.StatusSeeOther)
	return nil
}

func (s *Surface) choose(w http.ResponseWriter, r *http.Request) error {
	who, err := s.Logins.Resetting(r.Context(), s.Jar.Ticket(r))
	if err != nil {
		return s.refuse(w, r, err)
	}
	view := Choose{Username: who.UserName, Action: choosePath, Token: who.Form, Least: s.Logins.Passwords.Least()}
	if reason := r.URL.Query().Get("refused"); reason != "" {
		view.Refused = s.site.PasswordRefusal(password.Reason(reason), view.Least)
	}
	return s.set.Render(w, http.StatusOK, "choose", view)
}

// change sets the password. Why one was refused is said by the page that follows.
func (s *Surface) change(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	err = s.Logins.ResetPassword(r.Context(), s.Jar.Browser(r), s.Jar.Ticket(r), form.Get("form_token"), form.Get("new-password"))
	if err != nil {
		return s.refuse(w, r, err)
	}
	s.Jar.DropTicket(w)
	http.Redirect(w, r, donePath, http.StatusSeeOther)
	return nil
}

// refuse leads to the page that says what is next.
func (s *Surface) refuse(w http.ResponseWriter, r *http.Request, err error) error {
	var refusal *password.Refusal
	var busy *password.BusyError
	switch {
	case errors.Is(err, reset.ErrNone):
		s.Jar.DropTicket(w)
		http.Redirect(w, r, codePath+"?wrong", http.StatusSeeOther)
		return nil
	case errors.Is(err, idp.ErrMoved):
		http.Redirect(w, r, choosePath, http.StatusSeeOther)
		return nil
	case errors.As(err, &refusal):
		http.Redirect(w, r, choosePath+"?refused="+url.QueryEscape(string(refusal.Reason)), http.StatusSeeOther)
		return nil
	case errors.As(err, &busy):
		return guard.Problem{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: time.Duration(busy.RetryAfter) * time.Second, Err: err}
	}
	return err
}
