package login

import (
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
)

// streamPoll finds what a lost wake-up missed: the row is the truth.
const streamPoll = 2 * time.Second

// tidings is all that the stream ever says: a state and how far it has come.
type tidings struct {
	State    idp.Page `json:"state"`
	Progress Progress `json:"progress,omitempty"`
}

// stream tells the waiting page that it should look again. It needs the login's
// cookie like the page itself, and carries nothing worth stealing.
func (s *Surface) stream(w http.ResponseWriter, r *http.Request) error {
	l, err := s.Logins.Find(r.Context(), r.PathValue("login"), s.Jar.Browser(r))
	if err != nil {
		return guard.NotFound(err)
	}
	leave, err := s.Streams.Claim(l.ID)
	if err != nil {
		return err
	}
	defer leave()
	return s.Streams.Serve(w, r, func(st *guard.Stream) error {
		changed := s.Logins.MFA.Watch(l.ChallengeID)
		defer changed.Close()
		var last tidings
		for {
			state, came, err := s.Logins.StateOf(r.Context(), l)
			if err != nil {
				return err
			}
			if now := (tidings{state, progress(came)}); now != last {
				if err := st.Send("state", now); err != nil {
					return err
				}
				last = now
			}
			if last.State != idp.PagePending || !st.Wait(changed.C, streamPoll) {
				return nil
			}
		}
	})
}
