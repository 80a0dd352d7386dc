// Package mailtest is a mail server for tests: it takes mails on loopback, keeps them and
// gives them to the test. It can speak TLS, demand a password, and refuse. Nothing it
// takes goes any further.
package mailtest

import (
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Server is a mail server on loopback.
type Server struct {
	Port int

	t        testing.TB
	listener net.Listener
	options  Options
	mails    chan Mail
	sessions sync.WaitGroup

	mu     sync.Mutex
	refuse string
	open   map[net.Conn]bool
}

// Options is what a server demands.
type Options struct {
	TLS      *tls.Config // for StartTLS and Implicit
	StartTLS bool        // offers STARTTLS
	Implicit bool        // speaks TLS from the first byte on
	User     string      // demands AUTH PLAIN, and these two
	Password string
}

// Mail is what was taken.
type Mail struct {
	From, To string // of the envelope
	Raw      string
	Subject  string
	Header   map[string][]string
	Text     string // decoded
	Secure   bool   // came by TLS
}

// Start starts a server that ends with the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Port: l.Addr().(*net.TCPAddr).Port, t: t, listener: l, options: o, mails: make(chan Mail, 100), open: map[net.Conn]bool{}}
	if o.Implicit {
		s.listener = tls.NewListener(l, o.TLS)
	}
	s.sessions.Go(s.accept)
	t.Cleanup(s.stop)
	return s
}

// URL names the server, for one on which nothing has to be hidden.
func (s *Server) URL() string { return "smtp://127.0.0.1:" + strconv.Itoa(s.Port) }

// Refuse answers every recipient with a line such as "550 no such person"; "" takes them
// again.
func (s *Server) Refuse(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = line
}

// Next returns the next mail, and fails the test if none comes.
func (s *Server) Next() Mail {
	s.t.Helper()
	select {
	case m := <-s.mails:
		return m
	case <-time.After(15 * time.Second):
		s.t.Fatal("no mail came")
		return Mail{}
	}
}

// None fails the test if a mail is there.
func (s *Server) None() {
	s.t.Helper()
	select {
	case m := <-s.mails:
		s.t.Errorf("a mail came that should not: %q to %s", m.Subject, m.To)
	default:
	}
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()
		s.sessions.Go(func() {
			defer func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.open, conn)
				_ = conn.Close()
			}()
			s.serve(conn)
		})
	}
}

func (s *Server) stop() {
	_ = s.listener.Close()
	s.mu.Lock()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.sessions.Wait()
}

func (s *Server) refusal() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.refuse
}
