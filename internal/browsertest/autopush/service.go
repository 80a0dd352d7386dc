// Package autopush is Mozilla's push service as Firefox sees it: one WebSocket on
// which Firefox asks for endpoints and messages arrive. What a sender sees is package
// pushservice.
//
// The protocol is that of Firefox's PushServiceWebSocket, with real endpoints
// (updates.push.services.mozilla.com) or local ones, as the sender under test needs.
package autopush

import (
	"encoding/json"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/websocket"

	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// Hosts are the names in the endpoints that Firefox is given by Mozilla.
var Hosts = []string{"updates.push.services.mozilla.com"}

// A Service is the loopback stand-in for Mozilla's servers.
type Service struct {
	// EndpointBase is what endpoints begin with. New sets it to the real one, which
	// senders reach by pushservice.Bridge; "http://" and the address of the push
	// service makes endpoints that a sender reaches by itself.
	EndpointBase string

	push   *pushservice.Service
	server *httptest.Server

	mu       sync.Mutex
	agent    string            // the identity of the browser
	channels map[string]string // token by the browser's id of a subscription
	session  *session          // the connection of the browser, if it is there
	log      []string
	sessions sync.WaitGroup
}

// New starts the service beside the push service that senders will use. It stops with
// the test.
func New(t testing.TB, push *pushservice.Service) *Service {
	t.Helper()
	s := &Service{EndpointBase: "https://" + Hosts[0], push: push, channels: map[string]string{}}
	push.SetCarrier(s)
	s.server = httptest.NewServer(websocket.Server{Handshake: handshake, Handler: s.serve})
	t.Cleanup(func() {
		s.Disconnect()
		s.server.Close()
		s.sessions.Wait()
	})
	return s
}

// URL returns the address that Firefox has to be told.
func (s *Service) URL() string {
	return strings.Replace(s.server.URL, "http://", "ws://", 1) + "/"
}

// Disconnect cuts the browser's connection. It comes back by itself, soonest after
// half a second; until then messages wait.
func (s *Service) Disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil {
		_ = s.session.conn.Close()
	}
}

// ForgetAgent loses the browser's identity, as a service does that cleaned up: every
// subscription ends, the connection is cut, and with the next one the browser learns
// of it and fires pushsubscriptionchange in its workers.
func (s *Service) ForgetAgent() {
	s.mu.Lock()
	s.agent = ""
	for channel, token := range s.channels {
		s.push.Unsubscribe(token)
		delete(s.channels, channel)
	}
	s.mu.Unlock()
	s.Disconnect()
}

// Log returns what the browser said, one JSON text per message.
func (s *Service) Log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.log...)
}

// A session is one connection of the browser.
type session struct {
	conn net.Conn
	mu   sync.Mutex // one message at a time
}

func (session *session) send(message any) error {
	session.mu.Lock()
	defer session.mu.Unlock()
	return json.NewEncoder(session.conn).Encode(message)
}
