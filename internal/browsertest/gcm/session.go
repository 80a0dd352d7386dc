package gcm

import (
	"bufio"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// Kinds of frames on the connection.
const (
	tagHeartbeatPing = 0
	tagHeartbeatAck  = 1
	tagLogin         = 2
	tagLoginAnswer   = 3
	tagClose         = 4
	tagIQ            = 7
	tagData          = 8
)

// version is the first byte that either side sends.
const version = 41

// A session is one connection of the browser, from login to loss.
type session struct {
	conn net.Conn

	mu     sync.Mutex // one frame at a time; guards what follows
	frames int        // that went out, by which the browser acknowledges
	sent   []sent     // messages among them
}

type sent struct {
	id    string
	frame int
}

func (s *Service) listen() {
	defer s.sessions.Done()
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return // closed with the test
		}
		s.sessions.Go(func() {
			defer conn.Close()
			s.serve(&session{conn: conn})
		})
	}
}

// serve speaks with the browser until the connection is lost, which is no error: at
// the first subscription Chromium logs in, drops the connection and logs in again.
func (s *Service) serve(session *session) {
	r := bufio.NewReader(session.conn)
	if v, err := r.ReadByte(); err != nil || v != version {
		return
	}
	tag, login, err := readFrame(r)
	if err != nil || tag != tagLogin {
		return
	}
	const receivedPersistentID = 10 // messages that came before the connection was lost
	err = fields(login, func(field int, _ uint64, id string) {
		if field == receivedPersistentID {
			s.push.Report(id, pushservice.Delivered, 0)
		}
	})
	if err != nil {
		return
	}
	answer := encoder{}.text(1, "chrome").number(6, 1).number(8, uint64(time.Now().UnixMilli()))
	if session.write(append([]byte{version}, frame(tagLoginAnswer, answer)...)) != nil || !s.begin(session) {
		return
	}
	defer s.end(session)
	for _, m := range s.push.Waiting() {
		if s.send(session, m) != nil {
			return
		}
	}
	for {
		tag, message, err := readFrame(r)
		if err != nil || tag == tagClose {
			return
		}
		switch tag {
		case tagHeartbeatPing:
			err = session.write(frame(tagHeartbeatAck, nil))
		case tagIQ:
			err = s.acknowledge(session, message)
		}
		if err != nil {
			return
		}
	}
}

// begin makes this the browser's connection, and reports false after the test.
func (s *Service) begin(session *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.session = session
	return !s.closed
}

func (s *Service) end(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == session {
		s.session = nil
	}
}

// Carry sends a push message to the browser if it is connected.
func (s *Service) Carry(m pushservice.Message) bool {
	s.mu.Lock()
	session := s.session
	s.mu.Unlock()
	return session != nil && s.send(session, m) == nil
}

func (s *Service) send(session *session, m pushservice.Message) error {
	s.mu.Lock()
	to, ok := s.registrations[m.Token]
	s.mu.Unlock()
	if !ok {
		return nil // unsubscribed meanwhile
	}
	stanza := encoder{}.
		text(2, m.ID).
		text(3, to.sender).
		text(5, to.category).
		text(7, string(encoder{}.text(1, "subtype").text(2, to.subtype))).
		text(7, string(encoder{}.text(1, "content-encoding").text(2, m.Encoding))).
		text(9, m.ID). // persistent id: acknowledged by it at the next login
		number(17, uint64(m.TTL/time.Second)).
		number(18, uint64(m.Sent.UnixMilli())).
		text(21, string(m.Body)).
		number(24, 1) // immediate_ack
	return session.deliver(m.ID, frame(tagData, stanza))
}

// deliver writes a message's frame once: the login and the sender may be at it at the
// same time.
func (session *session) deliver(id string, frame []byte) error {
	session.mu.Lock()
	defer session.mu.Unlock()
	if slices.ContainsFunc(session.sent, func(s sent) bool { return s.id == id }) {
		return nil
	}
	session.frames++
	session.sent = append(session.sent, sent{id, session.frames})
	_, err := session.conn.Write(frame)
	return err
}

func (session *session) write(frame []byte) error {
	session.mu.Lock()
	defer session.mu.Unlock()
	session.frames++
	_, err := session.conn.Write(frame)
	return err
}

// acknowledge notes what the browser has received: it answers with the number of the
// last frame that reached it.
func (s *Service) acknowledge(session *session, iq []byte) error {
	const lastStreamIDReceived = 10
	last := 0
	err := fields(iq, func(field int, number uint64, _ string) {
		if field == lastStreamIDReceived {
			last = int(number)
		}
	})
	if err != nil {
		return fmt.Errorf("read an acknowledgement: %w", err)
	}
	session.mu.Lock()
	defer session.mu.Unlock()
	for _, m := range session.sent {
		if m.frame <= last {
			s.push.Report(m.id, pushservice.Delivered, 0)
		}
	}
	return nil
}
