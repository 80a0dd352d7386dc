package entra

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Answer forwards the browser to Entra by a form (OAuth 2.0 Form Post Response Mode).
// Button continue, state done.
type Answer struct {
	page.Frame
	Device string // that approved, "" if none did
	Reason string // "" for a success
	Waits  bool   // for the person, who should read the reason
	Action string
	Fields []idp.Field
}

// answer draws the form for a login that is over, to the browser that it belongs to.
func (s *Surface) answer(w http.ResponseWriter, r *http.Request) error {
	t, l, err := s.login(r)
	if err != nil {
		return err
	}
	answer, failed, err := s.Tenants.Answer(r.Context(), t, l)
	switch {
	case errors.Is(err, entra.ErrNotFound):
		return guard.NotFound(err)
	case errors.Is(err, entra.ErrOver):
		return s.startAgain(http.StatusGone, s.site.Text("entra.over"), err)
	case err != nil:
		return err
	case failed:
		return s.forward(w, answer, reasonFailed)
	}
	device := ""
	if l.Evidence.Device != "" {
		d, err := s.Logins.Devices.Get(r.Context(), l.Evidence.Device)
		if err != nil && !errors.Is(err, devices.ErrNotFound) {
			return err
		}
		device = d.Name
	}
	return s.draw(w, answer, Answer{Device: device})
}

// login is the one of the address, if it belongs to this browser.
func (s *Surface) login(r *http.Request) (entra.Tenant, idp.Login, error) {
	t, err := s.tenant(r)
	if err != nil {
		return t, idp.Login{}, err
	}
	l, err := s.Logins.Find(r.Context(), r.PathValue("login"), s.Jar.Browser(r))
	switch {
	case errors.Is(err, idp.ErrNoLogin), errors.Is(err, idp.ErrElsewhere), err == nil && l.Issuer != t.Key():
		err = guard.NotFound(err)
	}
	return t, l, err
}

func (s *Surface) forward(w http.ResponseWriter, answer entra.Answer, why reason) error {
	return s.draw(w, answer, Answer{Reason: string(why), Waits: why == reasonUnlinked || why == reasonUnmet})
}

func (s *Surface) draw(w http.ResponseWriter, answer entra.Answer, view Answer) error {
	// The one form on this page goes to the one address that the tenant has. Its three clouds
	// are named, since Chromium applies this to redirects that follow as well.
	targets := []string{}
	for _, address := range append(entra.ReplyURLs(), answer.Action) {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		targets = append(targets, u.Scheme+"://"+u.Host)
	}
	guard.SetPolicy(w, "form-action", compact(targets)...)
	view.App.Name, view.Action, view.Fields = idp.ForeignName, answer.Action, answer.Fields
	return s.set.Render(w, http.StatusOK, "answer", view)
}

// compact drops a last one that was named before.
func compact(targets []string) []string {
	last := len(targets) - 1
	for _, t := range targets[:last] {
		if t == targets[last] {
			return targets[:last]
		}
	}
	return targets
}
