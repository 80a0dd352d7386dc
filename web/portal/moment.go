package portal

import "time"

// Moment is a time on a page: for programs, and in words. The script says it in the
// person's own time zone, which the server does not know.
type Moment struct {
	ISO   string // "" for never
	Text  string
	Style string // how the script writes it: "day", "time" or "" for not at all
}

// Never reports that it has not happened.
func (m Moment) Never() bool { return m.ISO == "" }

func day(t time.Time) Moment { return moment(t, "2 January 2006", "day") }

func clock(t time.Time) Moment { return moment(t, "2 January 2006, 15:04 UTC", "time") }

func moment(t time.Time, layout, style string) Moment {
	if t.IsZero() {
		return Moment{}
	}
	return Moment{ISO: iso(t), Text: t.UTC().Format(layout), Style: style}
}

// ago says how long ago something was, and after two days the date.
func (s *Surface) ago(t time.Time) Moment {
	passed := s.now().Sub(t)
	switch {
	case t.IsZero():
		return Moment{}
	case passed < time.Minute:
		return Moment{ISO: iso(t), Text: s.site.Text("account.now")}
	case passed < 48*time.Hour:
		return Moment{ISO: iso(t), Text: s.site.Text("account.ago", s.site.Words(passed))}
	}
	return day(t)
}

func iso(t time.Time) string { return t.UTC().Format(time.RFC3339) }
