package portal

import (
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/idp"
)

// Sessions tells where the person is signed in, and what stays connected without
// them. Buttons end-ID, end-others and disconnect-ID; state sessions.
type Sessions struct {
	Frame
	Sessions    []SessionRow
	OthersURL   string // "" when there are none
	OthersToken string
	Connected   []ConnectedRow
	SignOutURL  string
}

// SessionRow is one session.
type SessionRow struct {
	ID           string
	Browser      string
	System       string
	IP           string
	Current      bool
	Since        Moment
	Seen         Moment
	Applications int
	EndURL       string
	Token        string
}

// ConnectedRow is one application that the person allowed something, or that stays
// connected.
type ConnectedRow struct {
	ID     string
	Name   string
	Since  Moment
	Online bool // it can do nothing while the person is away
	Used   Moment
	Action string
	Token  string
}

func (s *Surface) sessions(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	open, err := s.Logins.SignedIn(r.Context(), h)
	if err != nil {
		return err
	}
	connected, err := s.Logins.Connected(r.Context(), h)
	if err != nil {
		return err
	}
	view := Sessions{Frame: framed(sectionSessions), SignOutURL: signOutPath}
	for _, o := range open {
		view.Sessions = append(view.Sessions, SessionRow{
			ID: o.ID, Browser: o.Browser, System: o.System, IP: o.IP, Current: o.Current, Since: clock(o.CreatedAt), Seen: s.ago(o.SeenAt),
			Applications: o.Applications, EndURL: sessionsPath + "/" + o.ID + "/end", Token: s.formOf(h, "end", o.ID),
		})
	}
	if len(open) > 1 {
		view.OthersURL, view.OthersToken = sessionsPath+"/others/end", s.formOf(h, "end others", "")
	}
	for _, c := range connected {
		view.Connected = append(view.Connected, ConnectedRow{
			ID: c.ClientID, Name: c.Name, Since: day(c.Since), Online: !c.Offline, Used: s.ago(c.UsedAt),
			Action: sessionsPath + "/disconnect", Token: s.formOf(h, "disconnect", ""),
		})
	}
	return s.set.Render(w, http.StatusOK, "sessions", view)
}

func (s *Surface) endOne(r *http.Request, h idp.Holder, _ url.Values) (string, error) {
	return sessionsPath, s.Logins.EndSession(r.Context(), h, r.PathValue("session"))
}

func (s *Surface) endOthers(r *http.Request, h idp.Holder, _ url.Values) (string, error) {
	return sessionsPath, s.Logins.EndOtherSessions(r.Context(), h)
}

func (s *Surface) disconnect(r *http.Request, h idp.Holder, form url.Values) (string, error) {
	return sessionsPath, s.Logins.Disconnect(r.Context(), h, form.Get("client"))
}
