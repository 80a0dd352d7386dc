package login

import (
	"context"
	"net/http"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/web/guard"
)

// tidings is all that the stream ever says: a state and how far it has come.
type tidings struct {
	State    idp.Page `json:"state"`
	Progress Progress `json:"progress,omitempty"`
}

// stream tells the waiting page that it should look again. It needs the login's
// cookie like the page itself, and carries nothing worth stealing. It looks at the row when
// it is woken and when the request runs out; what a lost wake-up missed is found for all
// streams at once (mfa.Follow).
func (s *Surface) stream(w http.ResponseWriter, r *http.Request) error {
	l, err := s.Logins.Watched(r.Context(), r.PathValue("login"), s.Jar.Browser(r))
	if err != nil {
		return guard.NotFound(err)
	}
	leave, err := s.Streams.Claim(idp.IDOf(r.PathValue("login")))
	if err != nil {
		return err
	}
	f := &follower{surface: s, waiting: l, changed: s.Logins.MFA.Watch(l.Challenge())}
	end := func() {
		f.changed.Close()
		leave()
	}
	if err := f.look(r.Context()); err != nil {
		end()
		return err
	}
	return s.Streams.ServeParted(w, r, f.follow, end)
}

// follower is the stream of one page.
type follower struct {
	surface *Surface
	waiting idp.Watched
	changed *db.Subscription
	now     tidings
	endsAt  time.Time
}

func (f *follower) look(ctx context.Context) error {
	state, came, err := f.surface.Logins.StateOf(ctx, f.waiting)
	f.now, f.endsAt = tidings{state, progress(came.Progress)}, came.EndsAt
	return err
}

// follow tells what was seen and waits for more.
func (f *follower) follow(ctx context.Context, st *guard.Stream) error {
	var last tidings
	for {
		if f.now != last {
			if err := st.Send("state", f.now); err != nil {
				return err
			}
			last = f.now
		}
		if last.State != idp.PagePending || !st.Wait(f.changed.C, max(leastWait, time.Until(f.endsAt))) {
			return nil
		}
		if err := f.look(ctx); err != nil {
			return err
		}
	}
}

// leastWait keeps a stream from looking all the time where clocks disagree.
const leastWait = 250 * time.Millisecond
