package pushtest

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// Fault treats one request instead of serving it.
type Fault func(w http.ResponseWriter, r *http.Request)

// Next makes the next requests meet these faults, one each.
func (s *Service) Next(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// Always makes every request meet a fault that meets no other; nil ends it.
func (s *Service) Always(fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always = fault
}

// Status answers with a status and nothing else.
func Status(code int) Fault {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// Pause answers with a status and a Retry-After header.
func Pause(code int, retryAfter string) Fault {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", retryAfter)
		w.WriteHeader(code)
	}
}

// Redirect sends the message elsewhere.
func Redirect(to string) Fault {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

// Hang does not answer until the sender gives up.
func Hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// Slow answers after a while.
func Slow(d time.Duration, code int) Fault {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-time.After(d):
			w.WriteHeader(code)
		case <-r.Context().Done():
		}
	}
}

// Reset breaks the connection off.
func Reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// HugeBody answers with a status and a body that does not end until the sender stops
// reading.
func HugeBody(code int) Fault {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(code)
		chunk := []byte(strings.Repeat("no end ", 1000))
		for r.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}
}
