// Package pushtest is a push service for tests: as strict as RFC 8030, RFC 8291 and
// RFC 8292 allow, and able to misbehave in every way that push services do. It owns
// the service, the installations that subscribe to it and decryption; what is sent is
// left to devices/push.
//
// Words: an installation is the browser's side of a subscription. A fault is how the
// service treats one request instead of serving it.
package pushtest

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Service is a push service on loopback, by https and HTTP/2.
type Service struct {
	Now func() time.Time // nil means time.Now

	server *httptest.Server

	mu            sync.Mutex
	installations map[string]*Installation // by path
	faults        []Fault
	always        Fault
	requests      int
	refusals      []string
}

// Start runs a service until the test ends.
func Start(t testing.TB) *Service {
	t.Helper()
	s := &Service{installations: map[string]*Installation{}}
	s.server = httptest.NewUnstartedServer(s)
	s.server.EnableHTTP2 = true
	s.server.StartTLS()
	t.Cleanup(s.Stop)
	return s
}

// Stop ends the service; from then on connections are refused.
func (s *Service) Stop() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Host is what an operator adds to the list of push hosts.
func (s *Service) Host() string { return s.server.Listener.Addr().String() }

// Origin is what a token has to name as its audience.
func (s *Service) Origin() string { return "https://" + s.Host() }

// Roots holds the certificate of the service.
func (s *Service) Roots() *x509.CertPool {
	roots := x509.NewCertPool()
	roots.AddCert(s.server.Certificate())
	return roots
}

// Certificate is the certificate of the service, for processes that read theirs from a file.
func (s *Service) Certificate() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.server.Certificate().Raw})
}

// Requests is how many requests have come in, faults among them.
func (s *Service) Requests() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// Refusals tells what was wrong with requests that were refused for what they are.
func (s *Service) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.refusals...)
}

// ServeHTTP takes one message (RFC 8030, section 5).
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if fault := s.nextFault(); fault != nil {
		fault(w, r)
		return
	}
	status, reason := s.receive(w, r)
	if status < 300 {
		w.WriteHeader(status)
		return
	}
	s.mu.Lock()
	s.refusals = append(s.refusals, fmt.Sprintf("%d %s", status, reason))
	s.mu.Unlock()
	http.Error(w, reason, status)
}

func (s *Service) nextFault() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	if len(s.faults) == 0 {
		return s.always
	}
	fault := s.faults[0]
	s.faults = s.faults[1:]
	return fault
}

var (
	urgencies = map[string]bool{"very-low": true, "low": true, "normal": true, "high": true}
	topicForm = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)
)

const (
	maxBody  = 4096              // RFC 8030, section 7.2
	maxTTL   = 28 * 24 * 60 * 60 // what the browsers' services keep at most
	longest  = 24 * time.Hour    // a token may be good for (RFC 8292, section 2)
	encoding = "aes128gcm"       // RFC 8291, section 4
	media    = "application/octet-stream"
)

func (s *Service) receive(w http.ResponseWriter, r *http.Request) (status int, reason string) {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed, "not a POST"
	}
	in, status := s.find(r.URL)
	if in == nil {
		return status, "no such subscription"
	}
	ttl, err := strconv.Atoi(r.Header.Get("TTL"))
	urgency, topics := r.Header.Get("Urgency"), r.Header.Values("Topic")
	switch {
	case err != nil || ttl < 0 || ttl > maxTTL:
		return http.StatusBadRequest, "the TTL is missing or wrong (RFC 8030, section 5.2)"
	case !urgencies[urgency]:
		return http.StatusBadRequest, "the urgency is missing or unknown (section 5.3)"
	case len(topics) > 1 || len(topics) == 1 && !topicForm.MatchString(topics[0]):
		return http.StatusBadRequest, "the topic is not 1 to 32 characters of base64url (section 5.4)"
	case r.Header.Get("Content-Encoding") != encoding:
		return http.StatusUnsupportedMediaType, "the content encoding is not aes128gcm (RFC 8291, section 4)"
	case r.Header.Get("Content-Type") != media:
		return http.StatusUnsupportedMediaType, "the content type is not " + media
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil || len(body) > maxBody {
		return http.StatusRequestEntityTooLarge, "the body is over 4096 bytes (RFC 8030, section 7.2)"
	}
	if status, reason := s.authorize(r.Header.Values("Authorization"), in.serverKey); status != 0 {
		return status, reason
	}
	if err := checkBody(body); err != nil {
		return http.StatusBadRequest, err.Error()
	}
	in.deliver(Message{
		Body: body, TTL: time.Duration(ttl) * time.Second, Urgency: urgency, Topic: strings.Join(topics, ""), Header: r.Header.Clone(),
	})
	w.Header().Set("Location", s.Origin()+"/m/"+strconv.Itoa(s.Requests()))
	return http.StatusCreated, ""
}

// find returns the installation of an endpoint, or the status of one that is gone or
// never was.
func (s *Service) find(u *url.URL) (*Installation, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	in, ok := s.installations[u.Path]
	switch {
	case !ok:
		return nil, http.StatusNotFound
	case in.gone:
		return nil, http.StatusGone
	}
	return in, 0
}

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
