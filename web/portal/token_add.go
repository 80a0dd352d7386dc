package portal

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/token"
	"github.com/nod-idp/nod/web/page"
)

// AddToken explains how an authenticator app is added. Input token-name, button
// token-start, state addtoken.
type AddToken struct {
	Frame
	Action  string
	Token   string
	BadName bool
	Full    bool   // the person has as many as anybody may have
	BackURL string // "" for somebody who has no list of devices yet
}

// NewToken shows the secret for an authenticator app and asks for the first passcode.
// Picture qr-code, text token-secret, input passcode, button token-prove, state
// newtoken.
type NewToken struct {
	Frame
	Name   string
	Code   *page.QRCode
	Secret string
	Left   time.Duration
	Wrong  bool
	Action string
	Token  string
}

func (s *Surface) addToken(w http.ResponseWriter, r *http.Request, f idp.Fresh) error {
	query := r.URL.Query()
	view := AddToken{
		Frame: framed(sectionDevices), Action: addTokenPath, Token: s.formOf(f.Holder, "add token", ""),
		BadName: query.Has("name"), Full: query.Has("full"),
	}
	if !f.Bare {
		view.BackURL = devicesPath
	}
	return s.set.Render(w, http.StatusOK, "addtoken", view)
}

func (s *Surface) beginToken(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	t, err := s.Logins.BeginToken(r.Context(), f, form.Get("token-name"))
	switch {
	case errors.Is(err, token.ErrBadName):
		return addTokenPath + "?name", nil
	case errors.Is(err, token.ErrTooMany):
		return addTokenPath + "?full", nil
	}
	return addTokenPath + "/" + t.ID, err
}

// newToken shows a pending token, as often as the page is asked for until it is proved.
func (s *Surface) newToken(w http.ResponseWriter, r *http.Request, f idp.Fresh) error {
	tokens := s.Logins.MFA.Tokens
	t, err := tokens.Get(r.Context(), f.User.ID, r.PathValue("token"))
	if err != nil {
		return err
	}
	secret, err := tokens.Secret(t)
	if err != nil {
		return err
	}
	uri := token.URI(s.site.Brand().Name, f.User.Name, secret)
	view := NewToken{
		Frame: framed(sectionDevices), Name: t.Name, Secret: token.SecretText(secret), Left: max(0, t.Until().Sub(s.now())),
		Wrong: r.URL.Query().Has("wrong"), Action: addTokenPath + "/" + t.ID + "/prove", Token: s.formOf(f.Holder, "prove token", t.ID),
	}
	view.Code, _ = page.DrawQRCode(uri) // without a picture the secret can be typed
	return s.set.Render(w, http.StatusOK, "newtoken", view)
}

func (s *Surface) proveToken(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	id := r.PathValue("token")
	err := s.Logins.ConfirmToken(r.Context(), f, id, form.Get("passcode"))
	switch {
	case errors.Is(err, otp.ErrWrong):
		return addTokenPath + "/" + id + "?wrong", nil
	case errors.Is(err, token.ErrTooMany):
		return addTokenPath + "?full", nil
	}
	return tokenAddedPath, err
}
