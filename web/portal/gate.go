package portal

import (
	"cmp"
	"crypto/hmac"
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/mfa/passkey"
	typed "github.com/nod-idp/nod/mfa/token"
	"github.com/nod-idp/nod/web/guard"
)

// reading answers with a page for whoever is signed in with everything they have.
func (s *Surface) reading(name idp.AccountName, show func(http.ResponseWriter, *http.Request, idp.Holder) error) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		h, err := s.Logins.Holder(r.Context(), s.Jar.Browser(r))
		switch {
		case err != nil:
			return s.turnAway(w, r, err, idp.AccountPage{Name: name, Item: item(r)})
		case h.Bare:
			return s.bare(w, r)
		}
		return missing(show(w, r, h))
	}
}

// fresh answers with a page for whoever may change what proves them.
func (s *Surface) fresh(name idp.AccountName, show func(http.ResponseWriter, *http.Request, idp.Fresh) error) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		f, err := s.holderFor(r, name)
		if err != nil {
			return s.turnAway(w, r, err, idp.AccountPage{Name: name, Item: item(r), Change: true})
		}
		if err := show(w, r, f); !errors.Is(err, idp.ErrBare) {
			return missing(err)
		}
		return s.bare(w, r)
	}
}

// posting takes a form that changes nothing about what proves the person, and leads to
// the page that do names.
func (s *Surface) posting(name idp.AccountName, purpose string, do func(*http.Request, idp.Holder, url.Values) (string, error)) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		h, err := s.Logins.Holder(r.Context(), s.Jar.Browser(r))
		switch {
		case err != nil:
			return s.turnAway(w, r, err, idp.AccountPage{Name: name, Item: item(r)})
		case h.Bare:
			return s.bare(w, r)
		}
		if err := s.drawnFor(h, r, purpose, form); err != nil {
			return err
		}
		return s.lead(w, r)(do(r, h, form))
	}
}

// changing is posting for what does.
func (s *Surface) changing(name idp.AccountName, purpose string, do func(*http.Request, idp.Fresh, url.Values) (string, error)) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		f, err := s.holderFor(r, name)
		if err == nil {
			if err := s.drawnFor(f.Holder, r, purpose, form); err != nil {
				return err
			}
			var next string
			if next, err = do(r, f, form); !errors.Is(err, idp.ErrSignIn) && !errors.Is(err, idp.ErrBare) {
				return s.lead(w, r)(next, err)
			}
		}
		return s.turnAway(w, r, err, idp.AccountPage{Name: name, Item: item(r), Change: true})
	}
}

// lead answers a form by 303 to the page that shows what came of it.
func (s *Surface) lead(w http.ResponseWriter, r *http.Request) func(next string, err error) error {
	return func(next string, err error) error {
		if err != nil {
			return missing(err)
		}
		http.Redirect(w, r, next, http.StatusSeeOther)
		return nil
	}
}

// turnAway leads to where the person can prove what is missing.
func (s *Surface) turnAway(w http.ResponseWriter, r *http.Request, err error, back idp.AccountPage) error {
	switch {
	case errors.Is(err, idp.ErrSignIn):
		return s.signIn(w, r, back)
	case errors.Is(err, idp.ErrBare):
		return s.bare(w, r)
	}
	return err
}

// signIn begins a login to these pages.
func (s *Surface) signIn(w http.ResponseWriter, r *http.Request, back idp.AccountPage) error {
	begun, err := s.Logins.BeginAccount(r.Context(), s.Jar.Browser(r), back)
	if err != nil {
		return err
	}
	s.Jar.BindLogin(w, begun.LoginToken)
	http.Redirect(w, r, "/login/"+begun.Login, http.StatusSeeOther)
	return nil
}

// item is the id that a request is about, "" if it is about none.
func item(r *http.Request) string {
	return cmp.Or(r.PathValue("device"), r.PathValue("enrolment"), r.PathValue("session"), r.PathValue("token"), r.PathValue("passkey"), r.PathValue("report"))
}

// formOf is the token of a form with a purpose, about one thing.
func (s *Surface) formOf(h idp.Holder, purpose, item string) string {
	return s.Logins.FormOf(h, purpose+" "+item)
}

func (s *Surface) drawnFor(h idp.Holder, r *http.Request, purpose string, form url.Values) error {
	if hmac.Equal([]byte(form.Get("form_token")), []byte(s.formOf(h, purpose, item(r)))) {
		return nil
	}
	return guard.Problem{Status: http.StatusForbidden, Code: "stale_form"}
}

// missing makes what is not there, or not this person's, one and the same answer.
func missing(err error) error {
	for _, none := range []error{devices.ErrNotFound, devices.ErrNotWaiting, session.ErrNone, token.ErrNone, typed.ErrNotFound, passkey.ErrNotFound, idp.ErrNoReport} {
		if errors.Is(err, none) {
			return guard.NotFound(err)
		}
	}
	return err
}
