package deviceapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/web/deviceapi"
	"github.com/nod-idp/nod/web/guard"
)

const alice = "usr_alice"

// server is a running nod, as far as devices see it.
type server struct {
	*httptest.Server
	t       *testing.T
	devices *devices.Devices
	asks    *questions
	streams *guard.Streams
}

// each runs a story against a server on each database.
func each(t *testing.T, story func(t *testing.T, s *server)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newServer(t, d)) })
}

func newServer(t *testing.T, d *db.DB) *server {
	t.Helper()
	s := &server{t: t, streams: &guard.Streams{Heartbeat: 20 * time.Millisecond}}
	edge := &guard.Edge{API: &guard.API{}}
	s.Server = httptest.NewServer(edge)
	t.Cleanup(s.Close)
	s.devices = &devices.Devices{
		DB: d, Box: seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("the root secret of this test")),
		Epoch: 1, PublicURL: s.URL, Accounts: people{},
	}
	s.asks = &questions{devices: s.devices, open: map[string]*question{}}
	edge.PublicURL = s.URL
	(&deviceapi.Surface{Devices: s.devices, Challenges: s.asks, DB: d, Streams: s.streams, Browser: cookieOf}).Register(edge.API)
	return s
}

// cookieOf takes the value of a cookie for the browser's id.
func cookieOf(r *http.Request) string {
	if c, err := r.Cookie(browserCookie); err == nil {
		return c.Value
	}
	return ""
}

type people struct{}

func (people) Account(context.Context, string) (name, displayName string, err error) {
	return "alice", "Alice Example", nil
}
func (people) ActiveTx(*db.Tx, string) (bool, error) { return true, nil }

func (s *server) link(confirm bool) devices.Link {
	s.t.Helper()
	link, err := s.devices.Link(s.t.Context(), devices.LinkRequest{UserID: alice, Confirm: confirm, MadeBy: "cli:test"})
	if err != nil {
		s.t.Fatal(err)
	}
	return link
}

func (s *server) enroll(o simulator.Options) *simulator.Phone {
	s.t.Helper()
	phone, err := simulator.Enroll(s.t.Context(), s.link(false).URL, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return phone
}

// sameBrowser is the id of the browser that the questions came from.
const sameBrowser = "the browser that asks"

// questions stand in for mfa: they check an answer as far as the protocol goes, and
// leave out everything about logins.
type questions struct {
	devices *devices.Devices
	mu      sync.Mutex
	open    map[string]*question
	fails   error // what every call answers, if set
}

type question struct {
	protocol.Request
	number string
	opened bool
	tries  int
}

// ask puts a request to alice's devices and wakes the one named.
func (q *questions) ask(t *testing.T, id, number, device string) {
	t.Helper()
	now := time.Now()
	q.mu.Lock()
	q.open[id] = &question{number: number, Request: protocol.Request{
		ID: id, Nonce: "nonce of " + id, Client: protocol.Client{ID: "mail", Name: "Contoso Mail"}, Account: alice,
		Context:     protocol.Context{ClientName: "Contoso Mail", IP: "192.0.2.7", Browser: "Firefox", At: protocol.At(now)},
		MatchDigits: len(number), State: protocol.StatePending, CreatedAt: protocol.At(now), ExpiresAt: protocol.At(now.Add(2 * time.Minute)),
	}}
	q.mu.Unlock()
	if err := q.devices.DB.Write(t.Context(), func(tx *db.Tx) error { tx.Announce(devices.Topic(device)); return nil }); err != nil {
		t.Fatal(err)
	}
}

func (q *questions) state(id string) protocol.State {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.open[id].State
}

func (q *questions) find(id string) (*question, error) {
	found := q.open[id]
	switch {
	case q.fails != nil:
		return nil, q.fails
	case found == nil:
		return nil, protocol.ErrUnknownRequest
	case found.State != protocol.StatePending:
		return nil, protocol.ErrAnsweredElsewhere
	}
	return found, nil
}

// Requests lists what is pending.
func (q *questions) Requests(context.Context, devices.Device) (list []protocol.Request, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, asked := range q.open {
		if asked.State == protocol.StatePending {
			list = append(list, asked.Request)
		}
	}
	return list, q.fails
}

// Open notes that the request is on screen.
func (q *questions) Open(_ context.Context, _ devices.Device, id string, from mfa.Origin) (protocol.Request, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked, err := q.find(id)
	if err != nil {
		return protocol.Request{}, err
	}
	asked.opened = true
	r := asked.Request
	r.SameBrowser = from.Browser == sameBrowser
	return r, nil
}

// PINHalf hands the half out for an open request.
func (q *questions) PINHalf(_ context.Context, d devices.Device, id string) ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, err := q.find(id); err != nil {
		return nil, err
	}
	return q.devices.PINHalf(d)
}

// Answer checks hash, passcode and number, in this order.
func (q *questions) Answer(_ context.Context, d devices.Device, a protocol.Answer, from mfa.Origin) (protocol.Answered, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	asked, err := q.find(a.Challenge)
	if err != nil {
		return protocol.Answered{}, err
	}
	switch a.Verdict {
	case protocol.Deny:
		asked.State = protocol.StateDenied
	case protocol.Report:
		asked.State = protocol.StateReported
	default:
		if err := q.check(d, asked, a, from.Browser); err != nil {
			asked.tries++
			left := 3 - asked.tries
			return protocol.Answered{}, &protocol.Error{Code: *err, TriesLeft: &left}
		}
		asked.State = protocol.StateApproved
	}
	return protocol.Answered{State: asked.State}, nil
}

func (q *questions) check(d devices.Device, asked *question, a protocol.Answer, browser string) *protocol.Code {
	wrong := func(c protocol.Code) *protocol.Code { return &c }
	approval := asked.Approval(q.devices.PublicURL, d.ID, a.Number, a.Verdict)
	hash, about := protocol.ApprovalHash(approval), protocol.Question(approval)
	secret, err := q.devices.ApprovalSecret(d)
	switch {
	case err != nil || string(hash[:]) != string(a.Hash):
		return wrong(protocol.ErrInvalidRequest)
	case otp.VerifyPushPasscode(secret, about[:], a.Passcode) != nil:
		return wrong(protocol.ErrWrongPasscode)
	case a.Number != asked.number && browser != sameBrowser:
		return wrong(protocol.ErrWrongNumber)
	}
	return nil
}

// signed is a request of a phone of the test's own, for what the simulator would
// not send.
func signed(t *testing.T, s *server, signer *protocol.Signer, verb string, message any) *http.Request {
	t.Helper()
	body, proof, err := signer.Sign(verb, message, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return request(t, s, verb, string(body), proof)
}
