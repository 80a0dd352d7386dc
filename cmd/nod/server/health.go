package server

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/web/guard"
)

// maxSkew is how far a node's clock may be off the database's before it is taken
// out of service: expiry is judged by each node's own clock.
const maxSkew = 2 * time.Second

// readiness remembers the last check for a moment, so that probes cost nothing.
type readiness struct {
	draining atomic.Bool
	keyless  atomic.Bool // the sealing key in force is not here

	mu   sync.Mutex
	at   time.Time
	last string
}

// healthz says that the process lives. It depends on nothing else.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return guard.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz says whether requests should be sent here: the database can be written to, its disk has room,
// the clock is right, and the server is not going down.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) error {
	if fault := s.fault(r.Context()); fault != "" {
		return guard.WriteJSON(w, http.StatusServiceUnavailable, map[string]string{"status": "unavailable", "reason": fault})
	}
	return guard.WriteJSON(w, http.StatusOK, map[string]string{"status": "ready"})
}

func (s *Server) fault(ctx context.Context) string {
	if s.ready.draining.Load() {
		return "draining"
	}
	if s.ready.keyless.Load() {
		return "sealing key"
	}
	s.ready.mu.Lock()
	defer s.ready.mu.Unlock()
	if now := time.Now(); now.Sub(s.ready.at) > time.Second {
		s.ready.last, s.ready.at = s.check(ctx), now
	}
	return s.ready.last
}

func (s *Server) check(ctx context.Context) string {
	if s.ballast.Full() { // a write as small as the one below may fit for a while
		return "disk"
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	if err := s.DB.Ping(ctx); err != nil {
		s.Options.log().Error("not ready: the database cannot be written to", "error", err)
		return "database"
	}
	skew, err := s.DB.Skew(ctx, s.now())
	if err != nil {
		return "database"
	}
	if skew.Abs() > maxSkew {
		s.Options.log().Error("not ready: the clock differs from the database's", "skew_ms", skew.Milliseconds())
		return "clock"
	}
	return ""
}
