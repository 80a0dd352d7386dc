package push

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
)

// Sender delivers messages to push services (RFC 8030), one try for each Send. It is
// safe for concurrent use; a process has one, since it learns how push services
// behave.
type Sender struct {
	Client   Doer
	Identity *Identity
	Hosts    Hosts
	Now      func() time.Time // nil means time.Now
	Log      *slog.Logger     // nil means slog.Default()
	// Sent is told of every message that was tried: whose push service it was, what became
	// of it, and how long that took. nil means that nobody counts.
	Sent func(service string, to Outcome, took time.Duration)

	once  sync.Once
	slots slots
	peers peers
}

// Doer sends an HTTP request: *outbound.Client, or a double.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// Options of one message.
type Options struct {
	Until time.Time // nobody is to be told after it: the TTL (RFC 8030, section 5.2)
	Topic string    // a newer message with the same topic replaces this one (section 5.4)
}

// Limits of sending.
const (
	tryFor      = 5 * time.Second // one request with its answer
	waitFor     = 5 * time.Second // for a slot
	allSlots    = 128             // messages under way
	readAtMost  = 4 << 10         // of an answer, which says nothing that is needed
	pauseIfMute = 30 * time.Second
)

var (
	errExpired = errors.New("its time ran out before it was sent")
	errBusy    = errors.New("too many messages are under way")
	errPaused  = errors.New("the push service is given a pause")
)

// Send encrypts the payload and makes one try to deliver it. It never sends what has
// expired, and waits neither for a push service that wants a pause nor for one that
// does not answer.
func (s *Sender) Send(ctx context.Context, sub Subscription, payload []byte, o Options) Result {
	u, err := sub.check()
	if err == nil {
		err = s.Hosts.check(u)
	}
	if err != nil { // it was fine when it was stored: the operator has changed the list
		return Result{Outcome: Rejected, Err: err}
	}
	if !o.Until.After(s.now().Add(time.Second)) {
		return Result{Outcome: Expired, Err: errExpired}
	}
	at := origin(u)
	p := s.peers.get(at)
	ctx, cancel := context.WithTimeout(ctx, min(waitFor+tryFor, o.Until.Sub(s.now())))
	defer cancel()
	// The slot of its push service comes first, so that whoever waits for one that
	// hangs holds up nobody else.
	if !p.slots.take(ctx) {
		return Result{Outcome: Unreachable, Err: errBusy}
	}
	defer p.slots.give()
	if !s.allSlots().take(ctx) {
		return Result{Outcome: Unreachable, Err: errBusy}
	}
	defer s.slots.give()
	if refused, fine := p.admit(s.now()); !fine {
		return refused
	}
	began := time.Now()
	got := p.leave(s.try(ctx, sub, at, payload, o), s.now())
	if s.Sent != nil {
		s.Sent(service(u.Hostname()), got.Outcome, time.Since(began))
	}
	s.attend(at, p, got)
	return got
}

func (s *Sender) allSlots() slots {
	s.once.Do(func() { s.slots = make(slots, allSlots) })
	return s.slots
}

func (s *Sender) try(ctx context.Context, sub Subscription, origin string, payload []byte, o Options) Result {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	req, err := s.request(ctx, sub, origin, payload, o)
	if errors.Is(err, errExpired) {
		return Result{Outcome: Expired, Err: err}
	}
	if err != nil {
		return Result{Outcome: Rejected, Err: err}
	}
	resp, err := s.Client.Do(req)
	switch {
	case errors.Is(err, outbound.ErrRefused):
		return Result{Outcome: Rejected, Err: err}
	case err != nil:
		return Result{Outcome: Unreachable, Err: err}
	}
	_, _ = io.CopyN(io.Discard, resp.Body, readAtMost) // so that the connection can be used again
	_ = resp.Body.Close()
	return judge(resp, s.now())
}

// request makes the request of RFC 8030, section 5.
func (s *Sender) request(ctx context.Context, sub Subscription, origin string, payload []byte, o Options) (*http.Request, error) {
	ttl := int64(o.Until.Sub(s.now()) / time.Second)
	if ttl < 1 {
		return nil, errExpired
	}
	authorization, err := s.Identity.authorization(origin)
	if err != nil {
		return nil, err
	}
	body, err := encrypt(sub, payload)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, bad("the endpoint is not a URL") // the error would tell it
	}
	h := req.Header
	h.Set("Authorization", authorization)
	h.Set("Content-Encoding", "aes128gcm")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("TTL", strconv.FormatInt(ttl, 10))
	h.Set("Urgency", "high")
	if o.Topic != "" {
		h.Set("Topic", o.Topic)
	}
	h.Set("User-Agent", "nod")
	return req, nil
}

// judge reads the push service's answer by its status alone.
func judge(resp *http.Response, now time.Time) Result {
	got := Result{Status: resp.StatusCode}
	until := outbound.RetryAfter(resp.Header.Get("Retry-After"), now)
	switch code := resp.StatusCode; {
	case code >= 200 && code < 300:
		return Result{Outcome: Delivered, Status: code}
	case code == http.StatusNotFound, code == http.StatusGone:
		got.Outcome = Gone
	case code == http.StatusTooManyRequests:
		got.Outcome, got.Until = Throttled, until
		if until.IsZero() {
			got.Until = now.Add(pauseIfMute)
		}
	case code == http.StatusServiceUnavailable && !until.IsZero():
		got.Outcome, got.Until = Throttled, until
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		got.Outcome = KeyRefused
	case code == http.StatusRequestEntityTooLarge:
		got.Outcome = TooBig
	case code >= 500, code == http.StatusRequestTimeout:
		got.Outcome = Unreachable
	default: // a redirect too: it would lead past the list of hosts
		got.Outcome = Rejected
	}
	got.Err = fmt.Errorf("the push service answered %d", resp.StatusCode)
	return got
}

// attend raises the alarm where an operator has to look, and at most once a minute.
func (s *Sender) attend(origin string, p *peer, got Result) {
	if got.Outcome == KeyRefused {
		s.Identity.tokens.forget(origin)
	}
	if got.Outcome != KeyRefused && got.Outcome != TooBig && got.Outcome != Rejected || !p.alarm(s.now()) {
		return
	}
	log := s.Log
	if log == nil {
		log = slog.Default()
	}
	log.Error("a push service refuses what nod sends; people are not woken", "origin", origin, "outcome", string(got.Outcome),
		"status", got.Status, "error", got.Err)
}

func (s *Sender) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
