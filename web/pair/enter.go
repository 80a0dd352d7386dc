package pair

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/mfa/throttle"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Enter asks for the code. Input user-code, button link-continue; state link.
type Enter struct {
	page.Frame
	Action string
	Code   string        // filled in beforehand, from the address that the thing shows
	Wrong  bool          // the last one stands for nothing
	Wait   time.Duration // until another one is looked at; 0 if at once
	Closed bool          // no more are looked at today, from this network
}

// maxCode is the longest code that is put into the form from an address.
const maxCode = 16

// ask draws the form. The address may hold the code (RFC 8628, section 3.3.1); opening it
// does nothing by itself: whoever was sent a link still sees what they are about to do.
func (s *Surface) ask(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	view := Enter{Action: Path, Wrong: q.Has("wrong"), Closed: q.Has("closed")}
	if code := q.Get("user_code"); len(code) <= maxCode {
		view.Code = code
	}
	if seconds, err := strconv.ParseUint(q.Get("wait"), 10, 10); err == nil {
		view.Wait = time.Duration(seconds) * time.Second
	}
	return s.set.Render(w, http.StatusOK, "enter", view)
}

// enter takes the code and leads to the question about what it stands for, or back to
// the form, which says why not.
func (s *Surface) enter(w http.ResponseWriter, r *http.Request) error {
	form, err := guard.PostForm(r)
	if err != nil {
		return err
	}
	id, err := s.Pairings.Enter(r.Context(), form.Get("user-code"), s.Jar.Browser(r).IP)
	var wait *throttle.WaitError
	var closed *throttle.ClosedError
	next := Path
	switch {
	case err == nil:
		next = Address(id)
	case errors.Is(err, pairing.ErrNone):
		next += "?wrong"
	case errors.As(err, &wait):
		next += fmt.Sprintf("?wait=%.0f", math.Ceil(max(1, wait.Until.Sub(s.now()).Seconds())))
	case errors.As(err, &closed):
		next += "?closed"
	default:
		return err
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}

func (s *Surface) now() time.Time {
	if s.Pairings.Now == nil {
		return time.Now()
	}
	return s.Pairings.Now()
}
