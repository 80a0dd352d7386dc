package entra

import (
	"errors"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Identify asks for an enrolment code, once, from somebody whom Entra vouches for and
// nobody here knows yet. Input enrolment-code, buttons enrolment-submit and cancel, state
// identify.
type Identify struct {
	page.Frame
	Token     string
	Action    string
	CancelURL string
	Account   string // what Microsoft calls it
	Wrong     bool
	Wait      time.Duration
	Closed    bool
}

func (s *Surface) identify(w http.ResponseWriter, r *http.Request) error {
	_, l, err := s.login(r)
	if err != nil {
		return err
	}
	st, err := s.Logins.Standing(r.Context(), l.ID, s.Jar.Browser(r))
	if err != nil {
		return err
	}
	if st.Page != idp.PageIdentify {
		http.Redirect(w, r, s.LoginPath(l.ID), http.StatusSeeOther)
		return nil
	}
	n := l.Notice
	view := Identify{
		Frame: page.Frame{App: page.App{Name: st.ClientName, Left: left(l.ExpiresAt)}}, Token: st.FormToken, Action: r.URL.Path,
		CancelURL: s.LoginPath(l.ID) + "/cancel", Account: l.Request.Foreign.Account, Wrong: n.Kind == idp.Mismatch, Closed: n.Kind == idp.Closed,
	}
	if n.Kind == idp.Mismatch || n.Kind == idp.Wait {
		view.Wait = left(n.Until)
	}
	return s.set.Render(w, http.StatusOK, "identify", view)
}

func left(until time.Time) time.Duration { return max(0, time.Until(until)) }

// identifyBy takes the code and leads on to the page that says what came of it.
func (s *Surface) identifyBy(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	t, l, err := s.login(r)
	if err != nil {
		return err
	}
	if l.Foreign() && l.UserID == "" && l.State == idp.Open {
		err = s.Tenants.Identify(r.Context(), t, l, s.Jar.Browser(r), form.Get("form_token"), form.Get("enrolment-code"))
		if err != nil && !errors.Is(err, idp.ErrMoved) {
			return err
		}
	}
	http.Redirect(w, r, s.LoginPath(l.ID), http.StatusSeeOther)
	return nil
}
