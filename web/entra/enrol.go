package entra

import (
	"context"
	"errors"
	"net/http"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Enrol leads somebody whom a code has introduced to their first device. Before there is a
// link: button add-start, state add. With an open link: the picture qr-code, the field
// link-url, state link. While a device sets itself up: state claimed.
type Enrol struct {
	page.Frame
	State    string
	Action   string
	Token    string
	Code     *page.QRCode
	Link     string
	Device   string
	BackURL  string
	Refuse   string
	Watching bool
}

func (s *Surface) enrol(w http.ResponseWriter, r *http.Request) error {
	_, l, err := s.login(r)
	if err != nil {
		return err
	}
	if !l.Foreign() || !l.Evidence.Introduced {
		return s.back(w, r, l)
	}
	return s.set.Render(w, http.StatusOK, "enrol", Enrol{
		Frame: framed(l), State: "add", Action: r.URL.Path, Token: s.Logins.FormToken(l), BackURL: s.LoginPath(l.ID),
	})
}

func framed(l idp.Login) page.Frame {
	return page.Frame{App: page.App{Name: idp.ForeignName, Left: left(l.ExpiresAt)}}
}

// back leads to the login's page, which says what is next.
func (s *Surface) back(w http.ResponseWriter, r *http.Request, l idp.Login) error {
	http.Redirect(w, r, s.LoginPath(l.ID), http.StatusSeeOther)
	return nil
}

func (s *Surface) enrolStart(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	_, l, err := s.login(r)
	if err != nil {
		return err
	}
	link, err := s.Logins.AddFirstDevice(r.Context(), l.ID, s.Jar.Browser(r), form.Get("form_token"))
	if errors.Is(err, idp.ErrMoved) {
		return s.back(w, r, l)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, r.URL.Path+"/"+link.ID, http.StatusSeeOther)
	return nil
}

// enrolment shows the link, then asks whether the device that took it is the person's.
func (s *Surface) enrolment(w http.ResponseWriter, r *http.Request) error {
	_, l, err := s.login(r)
	if err != nil {
		return err
	}
	e, l, token, err := s.Logins.FirstDevice(r.Context(), l.ID, s.Jar.Browser(r), r.PathValue("enrolment"))
	if errors.Is(err, idp.ErrMoved) || errors.Is(err, devices.ErrNotWaiting) {
		return s.back(w, r, l)
	}
	if err != nil {
		return err
	}
	view := Enrol{Frame: framed(l), Token: token, Link: e.URL, Device: e.Device.DeviceName, Refuse: r.URL.Path + "/refuse", Watching: true}
	switch e.State {
	case devices.LinkOpen:
		view.State = "link"
		view.Code, _ = page.DrawQRCode(e.URL) // without a picture the link still works
	case devices.EnrolmentClaimed:
		view.State = "claimed"
	case devices.EnrolmentProved:
		return s.site.ConfirmDevice(w, page.ConfirmDevice{
			Frame: framed(l), Token: token, ConfirmURL: r.URL.Path + "/confirm", RefuseURL: view.Refuse, Name: e.Device.DeviceName, Fingerprint: e.Device.Fingerprint,
		})
	default: // active, refused or too late
		return s.back(w, r, l)
	}
	return s.set.Render(w, http.StatusOK, "enrol", view)
}

// decide takes what the person says about the device, and leads back to the login.
func (s *Surface) decide(do func(s *idp.Service, ctx context.Context, id string, b idp.Browser, formToken, enrolmentID string) error) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		_, l, err := s.login(r)
		if err != nil {
			return err
		}
		err = do(s.Logins, r.Context(), l.ID, s.Jar.Browser(r), form.Get("form_token"), r.PathValue("enrolment"))
		if err != nil && !errors.Is(err, idp.ErrMoved) && !errors.Is(err, idp.ErrSignIn) && !errors.Is(err, devices.ErrNotWaiting) {
			return err
		}
		return s.back(w, r, l)
	}
}
