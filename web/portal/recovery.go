package portal

import (
	"crypto/hmac"
	"errors"
	"net/http"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/web/guard"
)

// Recovery says how many recovery codes are left. Button recovery-make, state recovery.
type Recovery struct {
	Frame
	Made    Moment
	Left    int
	Action  string
	Token   string
	BackURL string
}

// RecoveryCodes shows a new set, this once. List recovery-codes; with script the buttons
// codes-print, codes-copy and codes-save. State codes.
type RecoveryCodes struct {
	Frame
	Account string
	Codes   []string
	DoneURL string
}

func (s *Surface) recovery(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	set, err := s.Logins.RecoverySet(r.Context(), h)
	if err != nil {
		return err
	}
	return s.set.Render(w, http.StatusOK, "recovery", Recovery{
		Frame: framed(sectionDevices), Made: day(set.MadeAt), Left: set.Left, Action: recoveryPath,
		Token: s.formOf(h, "recovery", set.ID), BackURL: devicesPath,
	})
}

// makeRecovery answers with the codes themselves, since nothing can show them again. The
// form belongs to the set it was drawn for: sent again, by a reload, it makes no other
// set that would end the one just printed.
func (s *Surface) makeRecovery(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	f, err := s.Logins.FreshHolder(r.Context(), s.Jar.Browser(r))
	if err == nil && f.Bare {
		err = idp.ErrBare
	}
	if err != nil {
		return s.turnAway(w, r, err, idp.AccountPage{Name: idp.AccountRecovery, Change: true})
	}
	set, err := s.Logins.RecoverySet(r.Context(), f.Holder)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(form.Get("form_token")), []byte(s.formOf(f.Holder, "recovery", set.ID))) {
		return s.lead(w, r)(recoveryPath, nil)
	}
	codes, err := s.Logins.MakeRecoveryCodes(r.Context(), f, set.ID)
	if errors.Is(err, recovery.ErrMoved) {
		return s.lead(w, r)(recoveryPath, nil)
	}
	if err != nil {
		return err
	}
	return s.set.Render(w, http.StatusOK, "codes", RecoveryCodes{
		Frame: framed(sectionDevices), Account: f.User.Name, Codes: codes, DoneURL: devicesPath,
	})
}
