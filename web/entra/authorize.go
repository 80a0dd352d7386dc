package entra

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Probe says what this address is for. Entra looks whether it answers. State nothing.
type Probe struct{ page.Frame }

func (s *Surface) probe(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.tenant(r); err != nil {
		return err
	}
	return s.set.Render(w, http.StatusOK, "probe", Probe{})
}

// authorize takes a request of Entra's. It comes as a form from another site, so the
// browser brings no cookies: it is stored, and answered 303 to our own page.
func (s *Surface) authorize(w http.ResponseWriter, r *http.Request) error {
	t, err := s.tenant(r)
	if err != nil {
		return err
	}
	values, err := guard.PostForm(r)
	if values == nil { // parameters that are sent twice are judged with the others
		return err
	}
	begun, err := s.Tenants.Begin(r.Context(), t, values, s.Jar.Browser(r))
	var failure *entra.Failure
	switch {
	case errors.As(err, &failure):
		s.logFailure(r, t, values, failure)
		return s.forward(w, t.Refuse(values.Get("state"), failure.Code), told(failure))
	case errors.Is(err, entra.ErrForeign):
		return guard.Problem{Status: http.StatusBadRequest, Code: idp.InvalidRequest, Side: guard.SideApplication, Public: s.site.Text("entra.foreign"), Err: err}
	case errors.Is(err, entra.ErrReplayed):
		return s.startAgain(http.StatusConflict, s.site.Text("entra.replayed"), err)
	case err != nil:
		return err
	}
	to := s.LoginPath(begun.Login)
	if begun.LoginToken != "" { // perhaps the browser has one and held it back
		s.Jar.Arrive(w, begun.LoginToken)
		to = entra.PathOf(t.Key()) + "/arrive/" + begun.Login
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
	return nil
}

// arrive is the first request of ours, with all cookies.
func (s *Surface) arrive(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("login")
	token, err := s.Logins.Arrive(r.Context(), id, s.Jar.Arrived(w, r), s.Jar.Browser(r))
	if err != nil {
		return err
	}
	s.Jar.BindLogin(w, token)
	http.Redirect(w, r, s.LoginPath(id), http.StatusSeeOther)
	return nil
}

// logFailure writes what support at Microsoft asks for: their id of the request.
func (s *Surface) logFailure(r *http.Request, t entra.Tenant, values url.Values, f *entra.Failure) {
	id := values.Get("client-request-id")
	s.Log.Info("Entra is told an error", "tenant", t.ID, "error", f.Code, "reason", f.Err.Error(),
		"client_request_id", id[:min(len(id), 128)], "request_id", guard.RequestID(r.Context()))
}

// reason is what the page tells before it leads back.
type reason string

// The reasons that have words of their own. Whoever has to read them presses the button
// by themselves.
const (
	reasonDone     reason = ""
	reasonFailed   reason = "failed"   // the person stopped it, or something else did
	reasonUnlinked reason = "unlinked" // nobody here is known by the account
	reasonUnmet    reason = "unmet"    // what is asked for cannot be given
)

func told(f *entra.Failure) reason {
	switch {
	case errors.Is(f, entra.ErrUnlinked):
		return reasonUnlinked
	case errors.Is(f, entra.ErrUnmet):
		return reasonUnmet
	}
	return reasonFailed
}
