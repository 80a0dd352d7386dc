package portal

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/web/page"
)

// Add explains how a device is added. Button add-start, state add.
type Add struct {
	Frame
	Action  string
	Token   string
	BackURL string // "" for somebody who has no list of devices yet
}

// Enrolment is the page of a link and of what became of it. With an open link: the
// picture qr-code, the field link-url, button withdraw. State link, claimed, added,
// refused or expired.
type Enrolment struct {
	Frame
	State       string
	Code        *page.QRCode // nil if the link is too long for one
	Link        string
	Left        time.Duration
	StreamURL   string
	WithdrawURL string
	Token       string
	Device      string
	AgainURL    string
	ListURL     string
}

func (s *Surface) add(w http.ResponseWriter, _ *http.Request, f idp.Fresh) error {
	view := Add{Frame: framed(sectionDevices), Action: addPath, Token: s.formOf(f.Holder, "add", "")}
	if !f.Bare {
		view.BackURL = devicesPath
	}
	return s.set.Render(w, http.StatusOK, "add", view)
}

func (s *Surface) addStart(r *http.Request, f idp.Fresh, _ url.Values) (string, error) {
	link, err := s.Logins.AddDevice(r.Context(), f)
	return addPath + "/" + link.ID, err
}

// enrolment shows the link while it is open, then asks about the device that took it,
// then says what became of it.
func (s *Surface) enrolment(w http.ResponseWriter, r *http.Request, f idp.Fresh) error {
	e, err := s.Logins.Devices.Enrolment(r.Context(), f.User.ID, r.PathValue("enrolment"))
	if err != nil {
		return err
	}
	path := addPath + "/" + e.ID
	if e.State == devices.EnrolmentProved {
		return s.question(w, f.Holder, e.Device, s.formOf(f.Holder, "decide", e.ID), path)
	}
	view := Enrolment{
		Frame: framed(sectionDevices), StreamURL: path + "/stream", WithdrawURL: path + "/withdraw", Token: s.formOf(f.Holder, "withdraw", e.ID),
		State: stateOf(e), Link: e.URL, Left: max(0, e.ExpiresAt.Sub(s.now())), Device: e.Device.DeviceName, AgainURL: addPath, ListURL: devicesPath,
	}
	if e.URL != "" {
		view.Code, _ = page.DrawQRCode(e.URL) // without a picture the link still works
	}
	return s.set.Render(w, http.StatusOK, "enrolment", view)
}

// question asks whether the device that appeared is the person's own.
func (s *Surface) question(w http.ResponseWriter, h idp.Holder, p devices.Pending, token, path string) error {
	return s.site.ConfirmDevice(w, page.ConfirmDevice{
		Token: token, ConfirmURL: path + "/confirm", RefuseURL: path + "/refuse",
		Name: p.DeviceName, Kind: s.kind(p.Kind), Fingerprint: p.Fingerprint, Account: h.User.Name,
	})
}

// stateOf names where an enrolment stands, for the page and its stream.
func stateOf(e devices.Enrolment) string {
	switch e.State {
	case devices.LinkOpen:
		if e.URL == "" { // somebody else's link, which is not shown here
			return "refused"
		}
		return "link"
	case devices.EnrolmentClaimed:
		return "claimed"
	case devices.EnrolmentProved:
		return "proved"
	case devices.EnrolmentActive:
		return "added"
	case devices.EnrolmentExpired:
		return "expired"
	}
	return "refused"
}

func (s *Surface) withdraw(r *http.Request, f idp.Fresh, _ url.Values) (string, error) {
	id := r.PathValue("enrolment")
	err := s.Logins.RefuseDevice(r.Context(), f.Confirmer(), id)
	if errors.Is(err, devices.ErrNotWaiting) { // it moved on meanwhile, if it is this person's
		_, err = s.Logins.Devices.Enrolment(r.Context(), f.User.ID, id)
	}
	if f.Bare {
		return addPath, err
	}
	return devicesPath, err
}

func (s *Surface) confirmOwn(r *http.Request, f idp.Fresh, _ url.Values) (string, error) {
	return s.decided(r.Context(), f.Confirmer(), r.PathValue("enrolment"), s.Logins.ConfirmDevice)
}

func (s *Surface) refuseOwn(r *http.Request, f idp.Fresh, _ url.Values) (string, error) {
	return s.decided(r.Context(), f.Confirmer(), r.PathValue("enrolment"), s.Logins.RefuseDevice)
}

// asPerson says in the journal who did what follows.
func asPerson(r *http.Request, h idp.Holder) context.Context {
	return audit.As(r.Context(), "user:"+h.User.ID)
}
