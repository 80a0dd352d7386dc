package login

import (
	"net/http"

	"github.com/nod-idp/nod/idp"
)

func (s *Surface) useRecovery(r *http.Request, id string, f form) (*idp.Finished, error) {
	return nil, s.Logins.ChooseRecovery(r.Context(), id, f.browser, f.token)
}

func (s *Surface) recoveryCode(r *http.Request, id string, f form) (*idp.Finished, error) {
	return s.Logins.SubmitRecovery(r.Context(), id, f.browser, f.token, f.value("recovery-code"))
}

// recoveryURL leads to the recovery codes where some are left.
func (d drawing) recoveryURL() string {
	if !d.Ways.Recovery {
		return ""
	}
	return d.path + "/recovery"
}

func (d drawing) recovery() View {
	n := d.Login.Notice
	v := TypeRecovery{Question: d.question(), Action: d.path + "/recovery-code", Wrong: n.Kind == idp.WrongPasscode, OtherURL: d.path + "/choose"}
	if n.Kind == idp.Wait {
		v.Wait = d.left(n.Until)
	}
	v.Closed = n.Kind == idp.Closed
	return v
}
