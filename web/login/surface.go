// Package login is the surface of a running login: everything under /login/. It owns
// how the pages of a login look, the way from a submitted form to a step, and the
// event stream of the waiting page. What a login needs next, and what its page may
// show, is decided by idp.
//
// Words: a view is the struct of one page; a standing is where a login stands.
package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
)

// Surface answers everything under /login/{login}. What a page shows is decided by
// idp.Standing; every form is answered by 303 to that page.
type Surface struct {
	Logins  *idp.Service
	Views   *Views
	Jar     cookie.Jar
	Streams *guard.Streams
	Issuer  string
	// AccountURL is the address of one of the person's own pages.
	AccountURL func(idp.AccountPage) string
	// Elsewhere is where the page of a login that another issuer began goes on: to its
	// answer, to what says who somebody is, or to a first device.
	Elsewhere func(idp.Standing) string
	// EnrolURL is where somebody without a device sets up the first one, if policy lets
	// them.
	EnrolURL string
}

// Register adds the surface's routes.
func (s *Surface) Register(b *guard.Browser) {
	b.Handle("GET /login/{login}", s.show)
	b.Handle("GET /login/{login}/stream", s.stream)
	b.Handle("GET /login/{login}/passkey", s.passkeyOptions)
	for action, handle := range map[string]func(*http.Request, string, form) (*idp.Finished, error){
		"password":      s.password,
		"mobile":        s.mobile,
		"passkey":       s.passkey,
		"typed":         s.typed,
		"choose":        s.choose,
		"passcode":      s.passcode,
		"recovery":      s.useRecovery,
		"recovery-code": s.recoveryCode,
		"cancel":        s.cancel,
		"send-again":    s.mobile,
		"waive":         s.waive,
		"allow":         s.allow,
		"go-on":         s.goOn,
		"other-account": s.otherAccount,
	} {
		b.Handle("POST /login/{login}/"+action, s.post(handle))
	}
}

// Path is the address of the page of a login, given its reference.
func Path(login string) string { return "/login/" + login }

// form is what a submitted form holds.
type form struct {
	browser idp.Browser
	token   string
	value   func(name string) string
}

// post reads a form, takes the step and leads back to the login's page, which then
// shows what came of it. A stale form leads there too: nothing happened, and the
// page says what is next.
func (s *Surface) post(step func(*http.Request, string, form) (*idp.Finished, error)) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		values, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		id := r.PathValue("login")
		f := form{browser: s.Jar.Browser(r), token: values.Get("form_token"), value: values.Get}
		finished, err := step(r, id, f)
		if err != nil && !errors.Is(err, idp.ErrMoved) {
			return s.problem(w, err)
		}
		if finished != nil {
			s.Jar.SignIn(w, *finished)
		}
		if err == nil { // it is kept by now, and needs nothing but its id
			id = idp.IDOf(id)
		}
		http.Redirect(w, r, Path(id), http.StatusSeeOther)
		return nil
	}
}

func (s *Surface) password(r *http.Request, id string, f form) (*idp.Finished, error) {
	return s.Logins.SubmitPassword(r.Context(), id, f.browser, f.token, f.value("username"), f.value("password"))
}

func (s *Surface) mobile(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.UseMobile(r.Context(), id, f.browser, f.token, f.value("device"))
}

func (s *Surface) waive(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.WaiveBrowser(r.Context(), id, f.browser, f.token, f.value("waive") == "on")
}

func (s *Surface) typed(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.ChooseTyped(r.Context(), id, f.browser, f.token)
}

func (s *Surface) choose(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.ChooseAgain(r.Context(), id, f.browser, f.token)
}

func (s *Surface) passcode(r *http.Request, id string, f form) (*idp.Finished, error) {
	return s.Logins.SubmitPasscode(r.Context(), id, f.browser, f.token, f.value("passcode"))
}

func (s *Surface) cancel(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.Cancel(r.Context(), id, f.browser, f.token)
}

// problem chooses the page for an error.
func (s *Surface) problem(w http.ResponseWriter, err error) error {
	var busy *password.BusyError
	switch {
	case errors.Is(err, idp.ErrElsewhere):
		return s.Views.Show(w, Over{Reason: ReasonElsewhere})
	case errors.Is(err, idp.ErrNoLogin):
		return s.Views.Show(w, Over{Reason: ReasonExpired})
	case errors.As(err, &busy):
		return guard.Problem{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: time.Duration(busy.RetryAfter) * time.Second, Err: err}
	}
	return err
}
