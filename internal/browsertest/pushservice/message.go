package pushservice

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/browsertest"
)

// State is what became of a message.
type State string

// The states of a message.
const (
	Stored      State = "stored"        // waits for its browser
	Delivered   State = "delivered"     // the browser has taken it
	Undecrypted State = "undecrypted"   // the browser could not decrypt it
	Undelivered State = "undelivered"   // the browser had no worker for it
	HandlerErr  State = "handler-error" // the worker's push handler threw or rejected
	Replaced    State = "replaced"      // a newer one with the same topic came first
	Dropped     State = "dropped"       // TTL 0 and the browser was away
)

// A Message is one push message that was accepted.
type Message struct {
	ID       string
	Token    string // the end of the subscription's endpoint
	TTL      time.Duration
	Urgency  string
	Topic    string
	Encoding string
	Subject  string // the sender's contact from its VAPID token
	Body     []byte // still encrypted
	Sent     time.Time
	State    State
	Code     int // the browser's own word for what became of it, 0 if it has none
}

// Messages returns every message that was accepted, oldest first.
func (s *Service) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Message
	for _, m := range s.messages {
		all = append(all, *m)
	}
	return all
}

// Refusals returns a line for every push that was refused: what a sender did wrong.
func (s *Service) Refusals() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
}

// WaitFor waits until the newest message is in this state and returns it.
func (s *Service) WaitFor(t testing.TB, state State) Message {
	t.Helper()
	return browsertest.Until(t, "a push message to be "+string(state), func() (Message, bool) {
		all := s.Messages()
		if len(all) == 0 || all[len(all)-1].State != state {
			return Message{}, false
		}
		return all[len(all)-1], true
	}, s.story)
}

// story tells what the service has seen, for the text of a failure.
func (s *Service) story() string {
	lines := []string{"the push service has seen:"}
	for _, m := range s.Messages() {
		lines = append(lines, "  message "+m.ID+" "+string(m.State)+" topic "+m.Topic)
	}
	for _, refusal := range s.Refusals() {
		lines = append(lines, "  refused: "+refusal)
	}
	return strings.Join(lines, "\n")
}
