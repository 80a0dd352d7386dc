package server

import (
	"context"
	"errors"
	"net"
	"net/http"
	"runtime"
	"time"

	"github.com/nod-idp/nod/cmd/nod/metrics"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/oidc"
)

// count begins to count what the rooms do, if somebody is to be told.
func (s *Server) count() {
	if s.Options.Metrics == nil {
		return
	}
	m := metrics.New()
	s.metrics = m
	s.DB.Watch(m.Commit)
	s.Push.Sender.Sent = m.Push
}

// countJob counts what leaves.
func (s *Server) countJob(j *outbox.Job) *outbox.Job {
	if s.metrics != nil {
		j.Tried = s.metrics.Attempt
	}
	return j
}

// countWeb counts what is asked.
func (s *Server) countWeb(edge *guard.Edge) *guard.Edge {
	if s.metrics != nil {
		edge.Observe = s.metrics.Request
		s.metrics.Crowd("pages", edge.Browser.Turns.Waiting)
		s.metrics.Crowd("applications", edge.API.Turns.Waiting)
	}
	return edge
}

// countTokens counts what applications ask.
func (s *Server) countTokens(protocol *oidc.Surface) {
	if s.metrics != nil {
		protocol.Counted = s.metrics.Token
	}
}

// tell serves the figures on a listener of their own until ctx ends. What fails here does
// not stop nod: it serves people first.
func (s *Server) tell(ctx context.Context) {
	if s.metrics == nil {
		return
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics.Ask(metrics.Rooms{
		Version: s.Options.Version, Revision: s.Options.Revision, Go: runtime.Version(),
		DB: s.DB, Hasher: s.Logins.Hasher, Outbox: s.Outbox, Audit: s.Audit, Keys: s.Keys,
		Now: s.now, Streams: s.streams.Open, Fault: s.fault, Tracer: s.Options.Tracer, Ballast: s.ballast,
		Backup: func(ctx context.Context) (time.Time, error) { return instance.LastBackup(ctx, s.DB) },
	}))
	h := &http.Server{
		Handler: mux, ReadHeaderTimeout: headerTimeout, ReadTimeout: headerTimeout, WriteTimeout: readTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: 8 << 10, ErrorLog: errorLog(s.Options.log()),
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	stop := context.AfterFunc(ctx, func() { _ = h.Close() })
	defer stop()
	if err := h.Serve(s.Options.Metrics); err != nil && !errors.Is(err, http.ErrServerClosed) {
		s.Options.log().Error("figures are no longer told", "error", err)
	}
}
