package portal

import (
	"net/http"
	"time"

	"github.com/nod-idp/nod/web/guard"
)

// streamPoll finds what a lost hint missed: the row is the truth.
const streamPoll = 2 * time.Second

// tidings is all that the stream ever says.
type tidings struct {
	State string `json:"state"`
}

// stream tells the page of an enrolment that it should look again. It needs the
// person's session like the page itself, and carries nothing worth stealing.
func (s *Surface) stream(w http.ResponseWriter, r *http.Request) error {
	h, err := s.Logins.Holder(r.Context(), s.Jar.Browser(r))
	if err != nil {
		return guard.NotFound(err)
	}
	id := r.PathValue("enrolment")
	if _, err := s.Logins.Devices.Enrolment(r.Context(), h.User.ID, id); err != nil {
		return missing(err)
	}
	leave, err := s.Streams.Claim(id)
	if err != nil {
		return err
	}
	defer leave()
	return s.Streams.Serve(w, r, func(st *guard.Stream) error {
		changed := s.Logins.Devices.WatchEnrolments(h.User.ID)
		defer changed.Close()
		last := ""
		for {
			e, err := s.Logins.Devices.Enrolment(r.Context(), h.User.ID, id)
			if err != nil {
				return err
			}
			if now := stateOf(e); now != last {
				if err := st.Send("state", tidings{now}); err != nil {
					return err
				}
				last = now
			}
			if last != "link" && last != "claimed" || !st.Wait(changed.C, streamPoll) {
				return nil
			}
		}
	})
}
