// Package gcm is Google's messaging service as Chromium sees it, so that Chromium's
// own pushManager.subscribe works without a network and real, encrypted push messages
// reach a worker.
//
// Chromium checks in to get an identity, registers to get a token for each
// subscription, and keeps one connection (MCS) on which messages come. What a sender
// sees is package pushservice.
//
// The protocol is that of Chromium's google_apis/gcm; only the fields that Chromium
// asks for are spoken.
package gcm

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// Hosts are the names in the endpoints that Chromium makes: Chrome's own, and the one
// of builds without Google's branding, such as Debian's.
var Hosts = []string{"fcm.googleapis.com", "jmt17.google.com"}

// A Service is the loopback stand-in for Google's servers.
type Service struct {
	push     *pushservice.Service
	http     *httptest.Server
	listener net.Listener
	spki     string

	mu            sync.Mutex
	registrations map[string]registration // by token
	session       *session                // the connection of the browser, if it is there
	sessions      sync.WaitGroup
	closed        bool
}

// A registration is what Chromium calls a push subscription.
type registration struct {
	token    string
	category string // the application: the browser itself
	subtype  string // the subscription: wp:ORIGIN#GUID
	instance string
	sender   string // the sender's VAPID key
}

// New starts the service beside the push service that senders will use. It stops with
// the test.
func New(t testing.TB, push *pushservice.Service) *Service {
	t.Helper()
	certificate, spki, err := selfSigned()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	s := &Service{push: push, listener: listener, spki: spki, registrations: map[string]registration{}}
	push.SetCarrier(s)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /checkin", s.checkIn)
	mux.HandleFunc("POST /register3", s.register)
	s.http = httptest.NewServer(mux)
	s.sessions.Add(1)
	go s.listen()
	t.Cleanup(s.close)
	return s
}

// Switches returns the command line switches that make Chromium talk to this service.
func (s *Service) Switches() map[string]string {
	_, port, _ := net.SplitHostPort(s.listener.Addr().String())
	return map[string]string{
		"gcm-checkin-url":      s.http.URL + "/checkin",
		"gcm-registration-url": s.http.URL + "/register3",
		"gcm-mcs-endpoint":     "https://localhost:" + port,
		// Trusts the one self-made key, and nothing else that is wrong.
		"ignore-certificate-errors-spki-list": s.spki,
	}
}

func (s *Service) close() {
	s.http.Close()
	_ = s.listener.Close()
	s.mu.Lock()
	s.closed = true
	if s.session != nil {
		_ = s.session.conn.Close()
	}
	s.mu.Unlock()
	s.sessions.Wait()
}
