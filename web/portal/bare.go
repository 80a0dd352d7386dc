package portal

import (
	"net/http"
	"slices"

	"github.com/nod-idp/nod/devices"
)

// Bare is the page of somebody who has no device yet. State bare.
type Bare struct {
	Frame
	AddURL        string // "" asks the administrator
	AddPasskeyURL string // "" where it could not be a passkey
	ConfirmURL    string
	SignOutURL    string
}

// bare says what somebody without a device can do, or asks about the device that waits.
func (s *Surface) bare(w http.ResponseWriter, r *http.Request) error {
	c, err := s.Logins.ConfirmHolder(r.Context(), s.Jar.Browser(r))
	if err == nil {
		waiting, err := s.Logins.Waiting(r.Context(), c)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(waiting, func(p devices.Pending) bool { return p.ByAdministrator }) {
			http.Redirect(w, r, confirmPath, http.StatusSeeOther)
			return nil
		}
	}
	view := Bare{ConfirmURL: confirmPath, SignOutURL: signOutPath}
	if h, err := s.Logins.Holder(r.Context(), s.Jar.Browser(r)); err == nil && h.EnrolsAlone {
		view.AddURL = addPath
		if s.Logins.TakesPasskeys() {
			view.AddPasskeyURL = addPasskeyPath
		}
	}
	return s.set.Render(w, http.StatusOK, "bare", view)
}
