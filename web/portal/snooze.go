package portal

import (
	"net/http"
	"net/url"
	"time"

	"github.com/nod-idp/nod/idp"
)

// snoozes are the choices of the form. The server does not know the person's clock, so
// all of them are lengths.
var snoozes = map[string]time.Duration{"1h": time.Hour, "8h": 8 * time.Hour, "24h": 24 * time.Hour}

// snooze leaves a device alone for a while; what is no choice ends that.
func (s *Surface) snooze(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	id := r.PathValue("device")
	var until time.Time
	if length, ok := snoozes[form.Get("snooze")]; ok {
		until = s.now().Add(length)
	}
	return devicesPath + "/" + id, s.Logins.Devices.Snooze(asPerson(r, h), h.User.ID, id, until)
}
