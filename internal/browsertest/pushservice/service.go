// Package pushservice is a push service as the sender of a push message sees it:
// RFC 8030 over HTTP, with the checks that real services make (and some that they
// should), a queue for browsers that are away, and faults on request.
//
// The side that a browser sees is not here: packages gcm and autopush carry messages
// the last way and report what became of them. Bridge leads a sender that believes it
// talks to the real services here.
//
// A subscription is what a browser has; a message is what a sender sent to it; a
// carrier is the browser's side.
package pushservice

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"
)

// A Carrier takes messages the last way, to the browser.
type Carrier interface {
	// Carry sends a message to the browser and reports whether the browser is there.
	// If it is not, the carrier asks for Waiting once it is.
	Carry(Message) bool
}

// A Service is one push service on the loopback interface.
type Service struct {
	// Hosts are the names of the real service that this one stands in for.
	Hosts []string

	address string

	mu            sync.Mutex
	carrier       Carrier
	subscriptions map[string]*subscription // by token
	messages      []*Message
	refusals      []string
	faults        []Fault
	held          bool
}

type subscription struct {
	senderKey []byte // the only application server key that may send; nil: any
	gone      bool
}

// New starts a push service that stands in for these hosts and stops with the test.
func New(t testing.TB, hosts ...string) *Service {
	t.Helper()
	s := &Service{Hosts: hosts, subscriptions: map[string]*subscription{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	s.address = address.Host
	return s
}

// Address returns the host and port that the service really listens on.
func (s *Service) Address() string { return s.address }

// SetCarrier says who takes messages to the browser.
func (s *Service) SetCarrier(c Carrier) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.carrier = c
}

// Subscribe notes a subscription under the token that its endpoint ends in. Only the
// owner of senderKey may send to it; with nil everyone may.
func (s *Service) Subscribe(token string, senderKey []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscriptions[token] = &subscription{senderKey: senderKey}
}

// Unsubscribe ends a subscription: from now on its endpoint answers 410.
func (s *Service) Unsubscribe(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sub := s.subscriptions[token]; sub != nil {
		sub.gone = true
	}
}

// EndAll ends every subscription behind the browser's back, as a service does that
// lost or cleaned its list.
func (s *Service) EndAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subscriptions {
		sub.gone = true
	}
}

// Waiting returns the messages that no browser has acknowledged and that are not
// over, oldest first.
func (s *Service) Waiting() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var waiting []Message
	for _, m := range s.messages {
		if m.State == Stored && time.Now().Before(m.Sent.Add(m.TTL)) {
			waiting = append(waiting, *m)
		}
	}
	return waiting
}

// Hold keeps messages from the browser, as if it were away: they wait, replace one
// another and run out. (A browser whose connection is really cut may take half a
// minute to come back.)
func (s *Service) Hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}

// Release lets the browser have what waits for it, as if it had come back.
func (s *Service) Release() {
	s.mu.Lock()
	s.held = false
	carrier := s.carrier
	s.mu.Unlock()
	for _, m := range s.Waiting() {
		if carrier != nil {
			carrier.Carry(m)
		}
	}
}

// Report notes what became of a message. Code is the browser's own word for it, see
// package autopush.
func (s *Service) Report(id string, state State, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.IndexFunc(s.messages, func(m *Message) bool { return m.ID == id }); i >= 0 {
		s.messages[i].State, s.messages[i].Code = state, code
	}
}

// accept queues a message, replaces the one it takes the place of (RFC 8030, section
// 5.4) and tries to deliver it.
func (s *Service) accept(m Message) Message {
	m.ID, m.Sent, m.State = rand.Text(), time.Now(), Stored
	s.mu.Lock()
	for _, older := range s.messages {
		if m.Topic != "" && older.Token == m.Token && older.Topic == m.Topic && older.State == Stored {
			older.State = Replaced
		}
	}
	s.messages = append(s.messages, &m)
	carrier, stored := s.carrier, m
	if s.held {
		carrier = nil
	}
	s.mu.Unlock()

	carried := carrier != nil && carrier.Carry(stored)
	if !carried && m.TTL == 0 { // only for browsers that are there (RFC 8030, section 5.2)
		s.Report(m.ID, Dropped, 0)
	}
	return stored
}

// ServeHTTP takes a push message from a sender.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if f, ok := s.nextFault(); ok {
		f.serve(w, r)
		return
	}
	m, problem := s.read(r)
	if problem != nil {
		s.refuse(w, r, problem)
		return
	}
	m = s.accept(m)
	w.Header().Set("Location", s.origin(r)+"/message/"+m.ID)
	w.Header().Set("TTL", r.Header.Get("TTL"))
	w.WriteHeader(http.StatusCreated)
}

// origin returns the origin that the sender believes it talks to.
func (s *Service) origin(r *http.Request) string {
	if r.Host == s.address {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}
