package devices_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/seal"
)

const (
	publicURL = "https://login.example.com"
	alice     = "usr_alice"
	bob       = "usr_bob"
)

// house is a server's half under test: devices, a clock that is set by hand, and
// two people.
type house struct {
	*devices.Devices
	t      *testing.T
	mu     sync.Mutex
	clock  time.Time
	people map[string]bool // active or not
}

// each runs a story on both databases.
func each(t *testing.T, story func(t *testing.T, h *house)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newHouse(t, d)) })
}

func newHouse(t *testing.T, d *db.DB) *house {
	h := &house{t: t, clock: time.Unix(1_800_000_000, 0), people: map[string]bool{alice: true, bob: true}}
	h.Devices = &devices.Devices{
		DB: d, Box: seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("the root secret of this test")),
		Epoch: 1, PublicURL: publicURL, Accounts: h, Now: h.now,
	}
	return h
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clock
}

func (h *house) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock = h.clock.Add(d)
}

func (h *house) disable(userID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.people[userID] = false
}

// Account names everybody after their id.
func (h *house) Account(_ context.Context, userID string) (name, displayName string, err error) {
	if _, known := h.people[userID]; !known {
		return "", "", devices.ErrNoAccount
	}
	return userID + "@example.com", "Dear " + userID, nil
}

// ActiveTx says whether a person may sign in.
func (h *house) ActiveTx(_ *db.Tx, userID string) (bool, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.people[userID], nil
}

// link makes a link for alice, without confirmation unless it is asked for.
func (h *house) link(confirm bool) devices.Link {
	h.t.Helper()
	link, err := h.Link(h.t.Context(), devices.LinkRequest{UserID: alice, Confirm: confirm, MadeBy: "cli:test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return link
}

// phone is a device as the network sees it: it signs.
type phone struct {
	protocol.Signer
	h     *house
	skew  time.Duration // how wrong its clock is
	begun protocol.EnrolBegun
}

func (h *house) phone() *phone {
	h.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.t.Fatal(err)
	}
	return &phone{h: h, Signer: protocol.Signer{Key: key, PublicURL: publicURL}}
}

// sign makes a request without sending it.
func (p *phone) sign(verb string, message any) devices.Incoming {
	p.h.t.Helper()
	body, proof, err := p.Sign(verb, message, p.h.now().Add(p.skew))
	if err != nil {
		p.h.t.Fatal(err)
	}
	return devices.Incoming{Verb: verb, Proof: proof, Body: body}
}

func (p *phone) begin(token string, wants protocol.Verification) error {
	begun, err := p.h.Begin(p.h.t.Context(), p.sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{
		Token: token, Name: "Alice's phone", Kind: protocol.KindSoftware, Wants: wants,
	}))
	p.begun, p.DeviceID = begun, begun.DeviceID
	return err
}

// device is what the server takes this phone for.
func (p *phone) device() devices.Device {
	p.h.t.Helper()
	d, err := p.h.Get(p.h.t.Context(), p.DeviceID)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return d
}

// passcode answers the question of the enrolment, by the PIN path if there is one.
func (p *phone) passcode() string {
	p.h.t.Helper()
	secret := p.begun.PushSecret
	if len(p.begun.PINSecret) > 0 {
		secret = p.begun.PINSecret
	}
	code, err := otp.PushPasscode(secret, p.begun.Question)
	if err != nil {
		p.h.t.Fatal(err)
	}
	return code
}

func (p *phone) prove(passcode string) (protocol.EnrolState, error) {
	d, _, err := p.h.Authenticate(p.h.t.Context(), p.sign(protocol.VerbEnrolProve, protocol.EnrolProve{Passcode: passcode}))
	if err != nil {
		return "", err
	}
	status, err := p.h.Prove(p.h.t.Context(), d, protocol.EnrolProve{Passcode: passcode})
	return status.State, err
}

func (p *phone) status() (protocol.EnrolState, error) {
	d, _, err := p.h.Authenticate(p.h.t.Context(), p.sign(protocol.VerbEnrolStatus, protocol.Empty{}))
	if err != nil {
		return "", err
	}
	status, err := p.h.Status(p.h.t.Context(), d)
	return status.State, err
}

// requests asks as an active device does, only to see whether it is let in.
func (p *phone) requests() error {
	_, _, err := p.h.Authenticate(p.h.t.Context(), p.sign(protocol.VerbRequests, protocol.Empty{}))
	return err
}

// enrolled is a phone that went all the way.
func (h *house) enrolled(wants protocol.Verification) *phone {
	h.t.Helper()
	p := h.phone()
	if err := p.begin(h.link(false).Token, wants); err != nil {
		h.t.Fatal(err)
	}
	if state, err := p.prove(p.passcode()); err != nil || state != protocol.EnrolStateActive {
		h.t.Fatalf("enrol: got %q, %v", state, err)
	}
	return p
}

// journal lists the actions that were recorded, with "!" before refused ones.
func (h *house) journal() (actions []string) {
	h.t.Helper()
	rows, err := audit.Last(h.t.Context(), h.DB, 1000)
	if err != nil {
		h.t.Fatal(err)
	}
	for _, r := range rows {
		action := r.Action
		if r.Outcome == string(audit.Refused) {
			action = "!" + action
		}
		actions = append(actions, action)
	}
	return actions
}

func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	if err := h.DB.Get(h.t.Context(), &n, query, args...); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// wantCode fails unless the error is the protocol's refusal.
func wantCode(t *testing.T, what string, err error, want protocol.Code) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

// race runs fn n times at once and returns how many of them succeeded. Every
// other one must fail as the test expects.
func race(t *testing.T, n int, expected func(error) bool, fn func(i int) error) (won int) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !expected(err):
			t.Errorf("lost with %v", err)
		}
	}
	return won
}
