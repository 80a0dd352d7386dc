package portal

import (
	"net/http"
	"strconv"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/web/guard"
)

// Activity tells what happened to the account, the newest first. Link older, state
// activity.
type Activity struct {
	Frame
	Events   []EventRow
	OlderURL string // "" at the end
	NewURL   string // back to the newest, "" there
}

// EventRow is one event in words.
type EventRow struct {
	What  string
	Tone  string // "good", "warning", "danger" or "quiet"
	Where string // application, browser and address, as far as known
	When  Moment
}

// activity shows a page of what happened, before the moment in the address.
func (s *Surface) activity(w http.ResponseWriter, r *http.Request, h idp.Holder) error {
	query, err := guard.Query(r)
	if err != nil {
		return err
	}
	view := Activity{Frame: framed(sectionActivity)}
	var before time.Time
	if text := query.Get("before"); text != "" {
		ms, err := strconv.ParseInt(text, 10, 64)
		if err != nil || ms <= 0 {
			return guard.NotFound(err)
		}
		before, view.NewURL = time.UnixMilli(ms), activityPath
	}
	events, older, err := s.Logins.Activity(r.Context(), h, before)
	if err != nil {
		return err
	}
	for _, e := range events {
		what, tone := s.inWords(e)
		view.Events = append(view.Events, EventRow{What: what, Tone: tone, Where: s.where(e), When: clock(e.At)})
	}
	if !older.IsZero() {
		view.OlderURL = activityPath + "?before=" + strconv.FormatInt(older.UnixMilli(), 10)
	}
	return s.set.Render(w, http.StatusOK, "activity", view)
}

// where joins what is known about the place of an event.
func (s *Surface) where(e idp.Event) string {
	text := e.Browser
	if e.ByOthers {
		text = s.site.Text("account.event.administrator")
	}
	if e.IP != "" {
		if text != "" {
			text += " · "
		}
		text += e.IP
	}
	return text
}
