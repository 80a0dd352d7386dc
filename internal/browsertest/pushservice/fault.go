package pushservice

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// A Fault is one bad day of a push service. The parts may be combined.
type Fault struct {
	Delay      time.Duration // passes before anything is answered
	Reset      bool          // the connection is cut instead of an answer
	Status     int           // is answered
	RetryAfter string        // goes with it: seconds or a date
	Body       int           // bytes of text that follow
}

// Fail makes the next pushes meet these faults, one each, in order.
func (s *Service) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

func (s *Service) nextFault() (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return Fault{}, false
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f, true
}

func (f Fault) serve(w http.ResponseWriter, r *http.Request) {
	// Only with the body read does net/http notice that a sender gave up.
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	select {
	case <-time.After(f.Delay):
	case <-r.Context().Done():
		return
	}
	if f.Reset {
		panic(http.ErrAbortHandler) // net/http's way to cut a connection
	}
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.Status != 0 {
		w.WriteHeader(f.Status)
	}
	line := strings.Repeat("no ", 1000)
	for left := f.Body; left > 0; left -= len(line) {
		if _, err := w.Write([]byte(line[:min(left, len(line))])); err != nil {
			return
		}
	}
}
