package portal

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/web/guard"
)

// Password asks for a new password. Input new-password, box elsewhere, button
// password-change; state password.
type Password struct {
	Frame
	Username string // for password managers
	Action   string
	Token    string
	Least    int    // how many characters it needs
	Refused  string // why the last one was, "" if none was
}

func (s *Surface) password(w http.ResponseWriter, r *http.Request, f idp.Fresh) error {
	if f.Bare {
		return idp.ErrBare
	}
	view := Password{
		Frame: framed(sectionPassword), Username: f.User.Name, Action: passwordPath, Token: s.formOf(f.Holder, "password", ""),
		Least: s.Logins.Passwords.Least(),
	}
	if reason := r.URL.Query().Get("refused"); reason != "" {
		view.Refused = s.site.PasswordRefusal(password.Reason(reason), view.Least)
	}
	return s.set.Render(w, http.StatusOK, "password", view)
}

// changePassword takes the new password. Why it was refused is said by the page that
// follows.
func (s *Surface) changePassword(r *http.Request, f idp.Fresh, form url.Values) (string, error) {
	if f.Bare {
		return "", idp.ErrBare
	}
	err := s.Logins.ChangePassword(r.Context(), f, form.Get("new-password"), elsewhere(form))
	var refusal *password.Refusal
	var busy *password.BusyError
	switch {
	case errors.As(err, &refusal):
		return passwordPath + "?refused=" + string(refusal.Reason), nil
	case errors.As(err, &busy):
		return "", guard.Problem{Status: http.StatusServiceUnavailable, Code: "busy", RetryAfter: time.Duration(busy.RetryAfter) * time.Second, Err: err}
	}
	return changedPath, err
}
