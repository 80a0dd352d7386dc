package pushtest

import (
	"crypto/ecdh"
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/push"
)

// Installation is the browser's side of a subscription: it receives and decrypts.
type Installation struct {
	push.Subscription

	service   *Service
	serverKey string
	private   *ecdh.PrivateKey
	gone      bool // guarded by the service

	mu      sync.Mutex
	waiting []Message
	arrived chan struct{}
}

// Message is what the service has taken for an installation.
type Message struct {
	Body    []byte
	TTL     time.Duration
	Urgency string
	Topic   string
	Header  http.Header
}

// Subscribe makes an installation that takes messages from the holder of one key
// only, given as the application server key in base64url.
func (s *Service) Subscribe(serverKey string) *Installation {
	private, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	auth := make([]byte, 16)
	rand.Read(auth)
	path := "/wpush/v2/" + strings.ToLower(rand.Text()+rand.Text())
	in := &Installation{
		Subscription: push.Subscription{Endpoint: s.Origin() + path, P256DH: private.PublicKey().Bytes(), Auth: auth},
		service:      s, serverKey: serverKey, private: private, arrived: make(chan struct{}, 1),
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.installations[path] = in
	return in
}

// Unsubscribe ends the subscription: from now on it answers 410.
func (in *Installation) Unsubscribe() {
	in.service.mu.Lock()
	defer in.service.mu.Unlock()
	in.gone = true
}

// deliver keeps a message until it is taken. It takes the place of one that waits
// under the same topic (RFC 8030, section 5.4).
func (in *Installation) deliver(m Message) {
	in.mu.Lock()
	defer in.mu.Unlock()
	kept := in.waiting[:0]
	for _, old := range in.waiting {
		if m.Topic == "" || old.Topic != m.Topic {
			kept = append(kept, old)
		}
	}
	in.waiting = append(kept, m)
	select {
	case in.arrived <- struct{}{}:
	default:
	}
}

// Take returns what waits, the oldest first.
func (in *Installation) Take() []Message {
	in.mu.Lock()
	defer in.mu.Unlock()
	taken := in.waiting
	in.waiting = nil
	return taken
}

// Next waits for one message and decrypts it.
func (in *Installation) Next(t testing.TB) (Message, []byte) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		in.mu.Lock()
		if len(in.waiting) > 0 {
			m := in.waiting[0]
			in.waiting = in.waiting[1:]
			in.mu.Unlock()
			text, err := in.Open(m.Body)
			if err != nil {
				t.Fatalf("decrypt a push message: %v", err)
			}
			return m, text
		}
		in.mu.Unlock()
		select {
		case <-in.arrived:
		case <-deadline:
			t.Fatalf("no push message came; refused were %q", in.service.Refusals())
		}
	}
}

// Open decrypts the body of a message.
func (in *Installation) Open(body []byte) ([]byte, error) {
	return Decrypt(in.private, in.Auth, body)
}
