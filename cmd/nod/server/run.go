package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Patience with clients, and with our own end.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 30 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	stopWithin    = 15 * time.Second
)

// Run serves on the listener until ctx ends, then goes down gracefully: readiness
// off, a pause for load balancers to notice, event streams told to come back,
// requests under way finished, background jobs ended.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	handler, err := s.Handler()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	h := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: 32 << 10,
		ErrorLog: errorLog(s.Options.log()), TLSConfig: s.Options.TLS,
	}
	jobsCtx, stopJobs := context.WithCancel(context.WithoutCancel(ctx))
	jobsDone := make(chan struct{})
	go func() {
		defer close(jobsDone)
		s.jobs(jobsCtx)
	}()
	telling := make(chan struct{})
	go func() {
		defer close(telling)
		s.tell(jobsCtx)
	}()
	served := make(chan error, 1)
	go func() {
		if s.Options.TLS != nil {
			served <- h.ServeTLS(l, "", "") // the certificate is in the configuration
			return
		}
		served <- h.Serve(l)
	}()

	select {
	case err = <-served:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
		err = s.stop(h)
	}
	stopJobs()
	<-jobsDone
	<-telling
	return err
}

// ServeTLS is how nod speaks TLS: 1.2 at least, with HTTP/2.
func ServeTLS(pair tls.Certificate) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2", "http/1.1"}}
}

// Stop tells event streams to come back later. Run does it by itself.
func (s *Server) Stop() { s.stopping.Do(func() { close(s.shutdown) }) }

func (s *Server) stop(h *http.Server) error {
	s.ready.draining.Store(true)
	time.Sleep(s.Options.DrainFor)
	s.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := h.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("stop: %w", err), h.Close())
	}
	if err := s.streams.Await(ctx); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
