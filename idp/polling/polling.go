// Package polling is how clients ask for an answer that a person has yet to give: the
// device authorization grant (RFC 8628, section 3.5) and CIBA (OpenID Connect CIBA Core
// 1.0, section 11) share it. It owns the pace and the names of the refusals; what is
// waited for belongs to idp/pairing and idp/ciba.
package polling

import (
	"errors"
	"time"
)

// Why there are no tokens. Each is the error code of the same name.
var (
	ErrPending  = errors.New("the person has not answered yet")
	ErrSlowDown = errors.New("the client polls too fast")
	ErrDenied   = errors.New("the person said no")
	ErrExpired  = errors.New("nobody answered in time")
)

const (
	// Interval is how long a client waits between two polls, unless it was told to slow
	// down.
	Interval = 5 * time.Second
	// more is what every poll that came too early adds, for good.
	more = 5 * time.Second
	// slack forgives what the network takes: two polls that were sent an interval apart may
	// arrive a little closer.
	slack = time.Second
)

// Pace is how often one client may poll for one answer.
type Pace struct {
	Interval time.Duration
	Last     time.Time // of the poll before, zero if there was none
}

// Poll is the pace after a poll at a moment, and whether that poll came too early.
func (p Pace) Poll(now time.Time) (next Pace, hasty bool) {
	hasty = !p.Last.IsZero() && now.Before(p.Last.Add(p.Interval-slack))
	next = Pace{Interval: p.Interval, Last: now}
	if hasty {
		next.Interval += more
	}
	return next, hasty
}
