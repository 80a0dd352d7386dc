package login

import (
	"errors"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
)

// passkeyOptions tells the script of a login's page what to ask the browser with. It
// needs the login's cookie like the page itself, and changes nothing.
func (s *Surface) passkeyOptions(w http.ResponseWriter, r *http.Request) error {
	options, err := s.Logins.PasskeyOptions(r.Context(), r.PathValue("login"), s.Jar.Browser(r))
	if errors.Is(err, idp.ErrMoved) || errors.Is(err, idp.ErrNoLogin) || errors.Is(err, idp.ErrElsewhere) {
		return guard.NotFound(err)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(options)
	return err
}

func (s *Surface) passkey(r *http.Request, id string, f form) (*idp.Finished, error) {
	return s.Logins.SubmitPasskey(r.Context(), id, f.browser, f.token, []byte(f.value("assertion")))
}

// passkeyURL is where a passkey is asked for and sent to, "" where none would do.
func (d drawing) passkeyURL(offered bool) string {
	if !offered {
		return ""
	}
	return d.path + "/passkey"
}

// PasskeyOffer is the button that takes a passkey, and what became of the last one. Button use-passkey, hidden field
// assertion, error passkey-error.
type PasskeyOffer struct {
	PasskeyURL     string // "" draws nothing
	PasskeyRefused bool
	PasskeyWait    time.Duration // no passkey is looked at before this has passed
	PasskeyClosed  bool          // too many did not hold; this way is closed to browsers that are not known
}

func (d drawing) passkeyOffer(offered bool) PasskeyOffer {
	n := d.Login.Notice
	o := PasskeyOffer{PasskeyURL: d.passkeyURL(offered), PasskeyRefused: n.Kind == idp.PasskeyRefused, PasskeyClosed: n.Kind == idp.PasskeyClosed}
	if o.PasskeyRefused {
		o.PasskeyWait = d.left(n.Until)
	}
	return o
}
