package push

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// How nod treats a push service that does not answer well.
const (
	tripAfter     = 5 // answers in a row that promise a better one later, or none
	firstBreak    = 5 * time.Second
	longestBreak  = time.Minute
	probeLonger   = 2 * time.Second // while one message tries whether it is well again
	longestPause  = time.Hour       // of a Retry-After
	originSlots   = 32              // messages under way to one push service
	originsKept   = 500
	alarmInterval = time.Minute
)

// peer is one push service as it has behaved lately. A break after failures is there
// so that one that hangs does not hold up what goes to the others, nor is beaten
// while it is down.
type peer struct {
	slots slots

	mu        sync.Mutex
	until     time.Time // nothing is sent before
	because   Outcome   // Throttled or Unreachable
	failures  int       // in a row
	breaks    int       // in a row
	probing   bool
	alarmedAt time.Time
}

// peers are the push services by origin.
type peers struct {
	mu  sync.Mutex
	all map[string]*peer
}

func (p *peers) get(origin string) *peer {
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.all[origin]; found != nil {
		return found
	}
	if p.all == nil || len(p.all) >= originsKept {
		p.all = map[string]*peer{} // as many as people make up below a wildcard; what is under way goes on
	}
	made := &peer{slots: make(slots, originSlots)}
	p.all[origin] = made
	return made
}

// slots bound how much is under way at once.
type slots chan struct{}

func (s slots) take(ctx context.Context) bool {
	select {
	case s <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (s slots) give() { <-s }

// admit says whether a message may be sent now. If it may, leave has to be called with
// what became of it.
func (p *peer) admit(now time.Time) (Result, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case now.Before(p.until):
		return Result{Outcome: p.because, Until: p.until, Err: errPaused}, false
	case p.breaks == 0:
		return Result{}, true
	case p.probing:
		return Result{Outcome: Unreachable, Until: now.Add(probeLonger), Err: errPaused}, false
	}
	p.probing = true
	return Result{}, true
}

// leave learns from what became of a message, and says when to try again.
func (p *peer) leave(got Result, now time.Time) Result {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.probing = false
	switch {
	case got.Status == 0 && got.Outcome != Unreachable: // nothing was learned about it
	case got.Outcome == Throttled:
		p.failures, p.breaks = 0, 0
		pause := max(0, min(longestPause, got.Until.Sub(now)))
		p.stop(now.Add(jitter(pause)), Throttled)
		got.Until = p.until
	case got.Outcome == Unreachable:
		p.failures++
		if p.failures >= tripAfter && !now.Before(p.until) {
			pause := min(longestBreak, firstBreak<<min(p.breaks, 8))
			p.breaks++
			p.stop(now.Add(jitter(pause)), Unreachable)
		}
		if now.Before(p.until) {
			got.Until = p.until
		}
	default:
		p.failures, p.breaks = 0, 0
	}
	return got
}

func (p *peer) stop(until time.Time, because Outcome) {
	if until.After(p.until) {
		p.until, p.because = until, because
	}
}

// alarm reports whether it is time to raise one.
func (p *peer) alarm(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Sub(p.alarmedAt).Abs() < alarmInterval {
		return false
	}
	p.alarmedAt = now
	return true
}

// jitter lengthens a pause by up to a quarter and a second, so that nodes do not come
// back together.
func jitter(pause time.Duration) time.Duration { return pause + rand.N(pause/4+time.Second) }
