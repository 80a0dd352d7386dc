package metrics

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/internal/metric"
	"github.com/nod-idp/nod/internal/outbox"
)

// Page answers GET /metrics.
type Page struct {
	metrics *Metrics
	rooms   Rooms

	mu   sync.Mutex // one reader at a time, so that many ask the database no more often than one
	seen seen
}

// seen is what the database said, and when.
type seen struct {
	at       time.Time
	ready    bool
	answered bool
	outbox   outbox.Depth
	unsealed time.Time
	ring     []keys.Info
	backup   time.Time
}

// Patience with the database, and how long its answer is good for.
const (
	askWithin = 2 * time.Second
	goodFor   = 5 * time.Second
)

// ServeHTTP writes all figures.
func (p *Page) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now := p.rooms.Now(); p.seen.at.IsZero() || now.Sub(p.seen.at).Abs() > goodFor {
		p.seen = p.look(r.Context(), now)
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_ = p.metrics.registry.Write(w) // whoever asked has gone
}

// look asks the rooms that read the database. One that fails leaves the rest unasked.
func (p *Page) look(ctx context.Context, now time.Time) seen {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	r, s := p.rooms, seen{at: now}
	var err error
	if s.outbox, err = r.Outbox.Depth(ctx); err != nil {
		return s
	}
	if s.unsealed, err = r.Audit.Tail(ctx); err != nil {
		return s
	}
	if s.ring, err = r.Keys.List(ctx); err != nil {
		return s
	}
	if r.Backup != nil {
		if s.backup, err = r.Backup(ctx); err != nil {
			return s
		}
	}
	s.answered = true
	s.ready = r.Fault(ctx) == ""
	return s
}

// keys tells the ages of the keys in a state.
func (s seen) keys(set metric.Set, state keys.State) {
	for _, k := range s.ring {
		if k.State == state {
			set(age(s.at, k.CreatedAt), string(k.Algorithm))
		}
	}
}
