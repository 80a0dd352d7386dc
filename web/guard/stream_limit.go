package guard

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// How many streams may be open in this process at the same time.
const (
	streamsPerSource = 5_000 // of those that Max allows; this machine itself is not counted
	streamsPerOwner  = 6     // such as a login's page, with room for connections that died unnoticed
)

// streamsRest is when it is worth asking for a stream again. Pages go on by asking every two seconds.
const streamsRest = 5 * time.Second

// Claim counts a stream for its owner, the thing that it tells about, until leave is called. Where too many are open
// already it returns a problem with status 429.
func (s *Streams) Claim(owner string) (leave func(), err error) {
	if !s.owners.enter(owner, streamsPerOwner) {
		return nil, tooManyStreams
	}
	return func() { s.owners.leave(owner) }, nil
}

var tooManyStreams = Problem{Status: http.StatusTooManyRequests, Code: "too_many_streams", RetryAfter: streamsRest}

// claimSource counts a stream for whoever asked for it.
func (s *Streams) claimSource(r *http.Request) (leave func(), err error) {
	ip := ClientIP(r.Context())
	if !ip.IsValid() || ip.IsLoopback() {
		return func() {}, nil
	}
	source := sourceOf(ip)
	if !s.sources.enter(source, streamsPerSource) {
		return nil, tooManyStreams
	}
	return func() { s.sources.leave(source) }, nil
}

// tally counts what is open by whose it is.
type tally[K string | netip.Addr] struct {
	mu   sync.Mutex
	open map[K]int
}

func (t *tally[K]) enter(key K, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key] >= most {
		return false
	}
	if t.open == nil {
		t.open = map[K]int{}
	}
	t.open[key]++
	return true
}

func (t *tally[K]) leave(key K) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open[key]--; t.open[key] <= 0 {
		delete(t.open, key)
	}
}
