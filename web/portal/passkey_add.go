package portal

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/passkey"
)

// AddPasskey makes a passkey in this browser. Input passkey-name, hidden field passkey,
// button passkey-make, error passkey-error. State addpasskey.
type AddPasskey struct {
	Frame
	Action  string
	Token   string
	Options string // what the browser makes it with, as JSON; "" where people can have none
	Usual   string // the name that it gets if nobody chooses another
	BadName bool
	Refused bool   // the last one did not hold, or is here already
	BackURL string // "" for somebody who has no list of devices yet
}

// The reasons why the last passkey was not taken, as they stand in the address.
const (
	passkeyUnnamed = "name"
	passkeyRefused = "refused"
)

func (s *Surface) addPasskey(w http.ResponseWriter, r *http.Request, f idp.Fresh) error {
	query := r.URL.Query()
	view := AddPasskey{
		Frame: framed(sectionDevices), Action: addPasskeyPath, Token: s.formOf(f.Holder, "add passkey", ""),
		Usual: f.BrowserName(), BadName: query.Has(passkeyUnnamed), Refused: query.Has(passkeyRefused),
	}
	options, err := s.Logins.PasskeyCreation(r.Context(), f)
	if err != nil && !errors.Is(err, idp.ErrNoPasskeys) {
		return err
	}
	view.Options = string(options)
	if !f.Bare {
		view.BackURL = devicesPath
	}
	return s.set.Render(w, http.StatusOK, "addpasskey", view)
}

// keepPasskey takes what the browser made. Why it was not taken is said by the page that
// follows.
func (s *Surface) keepPasskey(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	err := s.Logins.AddPasskey(r.Context(), f, form.Get("passkey-name"), []byte(form.Get("passkey")))
	switch {
	case errors.Is(err, passkey.ErrBadName):
		return addPasskeyPath + "?" + passkeyUnnamed, nil
	case errors.Is(err, passkey.ErrWrong), errors.Is(err, passkey.ErrRegistered), errors.Is(err, idp.ErrNoPasskeys):
		return addPasskeyPath + "?" + passkeyRefused, nil
	}
	return passkeyAddedPath, err
}
