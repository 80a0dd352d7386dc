package autopush

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"

	"golang.org/x/net/websocket"

	"github.com/nod-idp/nod/internal/browsertest/pushservice"
)

// handshake accepts the subprotocol that Firefox asks for.
func handshake(config *websocket.Config, _ *http.Request) error {
	config.Protocol = []string{"push-notification"}
	return nil
}

// serve speaks with the browser until the connection is lost.
func (s *Service) serve(conn *websocket.Conn) {
	s.sessions.Add(1)
	defer s.sessions.Done()
	session := &session{conn: conn}
	defer s.end(session)
	for {
		var text string
		if err := websocket.Message.Receive(conn, &text); err != nil {
			return
		}
		s.note(text)
		if text == "{}" {
			if _, err := conn.Write([]byte("{}")); err != nil {
				return
			}
			continue
		}
		var q question
		if err := json.Unmarshal([]byte(text), &q); err != nil {
			s.note("not understood: " + err.Error())
			return
		}
		if err := s.answer(session, q); err != nil {
			s.note("not answered: " + err.Error())
			return
		}
	}
}

func (s *Service) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, line)
}

func (s *Service) end(session *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session == session {
		s.session = nil
	}
}

func (s *Service) answer(session *session, q question) error {
	switch q.Kind {
	case "hello":
		return s.hello(session, q)
	case "register":
		return s.register(session, q)
	case "unregister":
		s.mu.Lock()
		s.push.Unsubscribe(s.channels[q.Channel])
		delete(s.channels, q.Channel)
		s.mu.Unlock()
		return session.send(unregisterAnswer{Kind: q.Kind, Status: http.StatusOK, Channel: q.Channel})
	case "ack":
		for _, u := range q.Updates {
			s.push.Report(u.Version, state(u.Code), u.Code)
		}
		return nil
	case "nack":
		s.push.Report(q.Version, state(q.Code), q.Code)
		return nil
	case "broadcast_subscribe":
		return nil
	default:
		return fmt.Errorf("a message of kind %q", q.Kind)
	}
}

// hello greets a browser by the identity it brings, or by a new one if that is not
// known: then it drops its subscriptions.
func (s *Service) hello(session *session, q question) error {
	s.mu.Lock()
	if q.Agent == "" || q.Agent != s.agent {
		s.agent = rand.Text()
	}
	agent := s.agent
	s.mu.Unlock()
	if err := session.send(helloAnswer{Kind: q.Kind, Status: http.StatusOK, Agent: agent, WebPush: true}); err != nil {
		return err
	}
	s.mu.Lock()
	s.session = session
	s.mu.Unlock()
	for _, m := range s.push.Waiting() {
		if err := s.deliver(session, m); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) register(session *session, q question) error {
	key, err := senderKey(q.Key)
	if err != nil {
		return fmt.Errorf("the application server key: %w", err)
	}
	token := rand.Text()
	s.mu.Lock()
	s.channels[q.Channel] = token
	agent := s.agent
	s.mu.Unlock()
	s.push.Subscribe(token, key)
	return session.send(registerAnswer{
		Kind: q.Kind, Status: http.StatusOK, Agent: agent, Channel: q.Channel,
		Endpoint: s.EndpointBase + "/wpush/v2/" + token,
	})
}

// Carry sends a push message to the browser if it is connected.
func (s *Service) Carry(m pushservice.Message) bool {
	s.mu.Lock()
	session := s.session
	s.mu.Unlock()
	return session != nil && s.deliver(session, m) == nil
}

// deliver sends a message. One that goes out twice is ignored by the browser.
func (s *Service) deliver(session *session, m pushservice.Message) error {
	s.mu.Lock()
	channel := ""
	for c, token := range s.channels {
		if token == m.Token {
			channel = c
		}
	}
	s.mu.Unlock()
	if channel == "" {
		return nil // unsubscribed meanwhile
	}
	return session.send(newNotification(channel, m))
}
