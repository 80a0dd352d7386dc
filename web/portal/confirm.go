package portal

import (
	"context"
	"errors"
	"net/http"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
)

// Nothing says that no device waits to be confirmed, and looks again. State nothing.
type Nothing struct {
	Frame
	AgainURL string
}

// confirming asks about the first device that waits. Whoever proved the password alone
// is asked about those that came by the administrator's link.
func (s *Surface) confirming(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Logins.ConfirmHolder(r.Context(), s.Jar.Browser(r))
	if err != nil {
		return s.turnAway(w, r, err, idp.AccountPage{Name: idp.AccountConfirm})
	}
	waiting, err := s.Logins.Waiting(r.Context(), c)
	if err != nil {
		return err
	}
	if len(waiting) == 0 {
		return s.set.Render(w, http.StatusOK, "nothing", Nothing{AgainURL: confirmPath})
	}
	first := waiting[0]
	return s.question(w, c.Holder, first, s.formOf(c.Holder, "decide", first.EnrolmentID), confirmPath+"/"+first.EnrolmentID)
}

// decision is what can be done with a device that waits.
type decision func(ctx context.Context, c idp.Confirmer, enrolmentID string) error

func (s *Surface) confirm() decision { return s.Logins.ConfirmDevice }
func (s *Surface) refuse() decision  { return s.Logins.RefuseDevice }

// deciding takes the person's decision about a device.
func (s *Surface) deciding(which func(*Surface) decision) guard.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		form, err := guard.PostForm(r)
		if err != nil {
			return err
		}
		c, err := s.Logins.ConfirmHolder(r.Context(), s.Jar.Browser(r))
		if err != nil {
			return s.turnAway(w, r, err, idp.AccountPage{Name: idp.AccountConfirm})
		}
		if err := s.drawnFor(c.Holder, r, "decide", form); err != nil {
			return err
		}
		next, err := s.decided(r.Context(), c, r.PathValue("enrolment"), which(s))
		if errors.Is(err, idp.ErrSignIn) {
			return s.signIn(w, r, idp.AccountPage{Name: idp.AccountConfirm})
		}
		return s.lead(w, r)(next, err)
	}
}

// decided carries the decision out and returns the page that says what became of the
// device. Of two presses of a button the second finds it decided.
func (s *Surface) decided(ctx context.Context, c idp.Confirmer, id string, decide decision) (string, error) {
	err := decide(ctx, c, id)
	if err != nil && !errors.Is(err, devices.ErrNotWaiting) {
		return "", err
	}
	e, err := s.Logins.Devices.Enrolment(ctx, c.User.ID, id)
	switch {
	case err != nil:
		return "", err
	case e.State == devices.EnrolmentActive:
		return confirmedPath, nil
	case e.State == devices.EnrolmentRefused:
		return refusedPath, nil
	case e.ByAdministrator:
		return confirmPath, nil
	}
	return addPath + "/" + id, nil
}
