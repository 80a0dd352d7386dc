package oidc

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/pushed"
)

// authorizePushed takes a request that was pushed before (RFC 9126, section 4). Whatever
// else the address holds does not count. A browser that loads the address again comes back
// to its login; nobody else gets anything out of a reference that was used.
func (s *Surface) authorizePushed(w http.ResponseWriter, r *http.Request, c client.Client, values url.Values, reference string) error {
	if len(values["request_uri"]) > 1 {
		return stale(errors.New("request_uri was sent more than once"))
	}
	if s.withoutCookies(r, values) {
		http.Redirect(w, r, authorizePath+"?"+values.Encode(), http.StatusSeeOther)
		return nil
	}
	parameters, err := s.Pushed.Use(r.Context(), c.ID, reference)
	var used *pushed.UsedError
	switch {
	case errors.As(err, &used):
		return s.comeBack(w, r, used)
	case errors.Is(err, pushed.ErrNone):
		return stale(err)
	case err != nil:
		return err
	}
	// It was registered when the request was pushed, and may have been removed since.
	if err := returnAddress(c, parameters); err != nil {
		return err
	}
	loginID, err := s.begin(w, r, c, parameters, true)
	if err != nil || loginID == "" {
		return err
	}
	return s.Pushed.Led(r.Context(), reference, loginID)
}

// comeBack leads the browser whose login it is to that login.
func (s *Surface) comeBack(w http.ResponseWriter, r *http.Request, used *pushed.UsedError) error {
	if used.LoginID == "" {
		return stale(used)
	}
	_, err := s.Logins.Find(r.Context(), used.LoginID, s.Jar.Browser(r))
	switch {
	case errors.Is(err, idp.ErrNoLogin), errors.Is(err, idp.ErrElsewhere):
		return stale(errors.Join(used, err))
	case err != nil:
		return err
	}
	http.Redirect(w, r, "/login/"+used.LoginID, http.StatusSeeOther)
	return nil
}

// stale is a page: without the parameters nobody knows where to send the browser.
func stale(err error) error {
	return unreturnable("This sign-in was started before, or too long ago. Go back to the application and start again.", err)
}
