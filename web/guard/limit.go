package guard

import (
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Limit is how many requests one source may send to some routes together. A source is an
// address, and of IPv6 a network of 64 bits, which is what one customer has.
type Limit struct {
	Name      string
	PerSecond float64 // in the long run; 0 means that nobody counts
	Burst     int     // at once
	Routes    []string
}

// Limits holds the limit of every route. It counts in memory, and each node for itself: what
// must not be guessed is counted in the database, by mfa/throttle. Requests from this machine
// itself are not counted.
type Limits struct {
	// Factor multiplies every limit, for sources that many people share; 0 means 1, and less
	// that nobody counts.
	Factor int
	Now    func() time.Time // nil means time.Now

	byRoute map[string]*counted
}

// NewLimits makes a table. A route in two limits is an error.
func NewLimits(list []Limit) (*Limits, error) {
	l := &Limits{byRoute: map[string]*counted{}}
	for _, limit := range list {
		c := &counted{Limit: limit, limits: l, due: map[netip.Addr]int64{}}
		for _, route := range limit.Routes {
			if l.byRoute[route] != nil {
				return nil, fmt.Errorf("limits: %s is in two of them", route)
			}
			l.byRoute[route] = c
		}
	}
	return l, nil
}

// Missing are those of the routes that have no limit.
func (l *Limits) Missing(routes []string) []string {
	return slices.DeleteFunc(slices.Clone(routes), func(route string) bool { return l.byRoute[route] != nil })
}

// of is the limit of a route. It may be nil, which lets everybody in.
func (l *Limits) of(route string) *counted {
	if l == nil {
		return nil
	}
	return l.byRoute[route]
}

// manySources is how many are remembered for a limit. Beyond it new ones are let in uncounted: then the
// crowd is no longer one source, and turns are what bounds it.
const manySources = 1 << 16

// counted is a limit at work. A source is remembered by the moment at which all of its requests so far would be
// due if they came one after the other: the further that lies ahead, the more of its burst is used up.
type counted struct {
	Limit
	limits *Limits

	mu    sync.Mutex
	due   map[netip.Addr]int64 // nanoseconds since 1970
	sweep int                  // forget those of the past when there are that many,
	swept int64                // and not more often than once a second
}

// pass counts a request, or returns the problem of one too many.
func (c *counted) pass(r *http.Request) error {
	if c == nil || c.PerSecond == 0 || c.limits.Factor < 0 {
		return nil
	}
	source := ClientIP(r.Context())
	if !source.IsValid() || source.IsLoopback() {
		return nil
	}
	now := time.Now
	if c.limits.Now != nil {
		now = c.limits.Now
	}
	if wait := c.take(sourceOf(source), now().UnixNano()); wait > 0 {
		return Problem{Status: http.StatusTooManyRequests, Code: "too_many_requests", RetryAfter: max(time.Second, wait),
			Public: "There were too many requests from this address.", Err: fmt.Errorf("limit %q of this source", c.Name)}
	}
	return nil
}

func sourceOf(ip netip.Addr) netip.Addr {
	if ip.Is4() {
		return ip
	}
	network, _ := ip.Prefix(64) // never fails for 64 bits of IPv6
	return network.Addr()
}

// take returns how long the source has to wait, 0 if it need not.
func (c *counted) take(source netip.Addr, now int64) time.Duration {
	factor := float64(max(1, c.limits.Factor))
	each := int64(math.Ceil(float64(time.Second) / (c.PerSecond * factor)))
	most := each * int64(float64(c.Burst)*factor)
	c.mu.Lock()
	defer c.mu.Unlock()
	due, known := c.due[source]
	if !known && !c.room(now) {
		return 0
	}
	due = max(due, now) + each
	if due-now > most {
		return time.Duration(due - now - most)
	}
	c.due[source] = due
	return 0
}

// room makes room for one more source.
func (c *counted) room(now int64) bool {
	if len(c.due) >= max(c.sweep, 1024) && now-c.swept >= int64(time.Second) {
		for source, due := range c.due {
			if due <= now {
				delete(c.due, source)
			}
		}
		c.sweep, c.swept = min(2*len(c.due), manySources), now
	}
	return len(c.due) < manySources
}
