package mfa_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
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
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

const (
	issuer = "https://login.example.com"
	alice  = "usr_alice"
	bob    = "usr_bob"
)

// world is a server's half under test, with people who are names and a clock that is
// set by hand.
type world struct {
	*mfa.Service
	t testing.TB

	mu       sync.Mutex
	clock    time.Time
	disabled map[string]bool
}

// each runs a story on both databases.
func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { story(t, newWorld(t, d)) })
}

func newWorld(t testing.TB, d *db.DB) *world {
	w := &world{t: t, clock: time.Unix(1_800_000_000, 0).UTC(), disabled: map[string]bool{}}
	box := seal.NewBox("ins_test", seal.NewKey()).WithRoot([]byte("the root secret of this test"))
	w.Service = &mfa.Service{
		DB: d, Box: box, Epoch: 1, Issuer: issuer, People: w, Now: w.now,
		Devices: &devices.Devices{DB: d, Box: box, Epoch: 1, PublicURL: issuer, Accounts: w, Now: w.now},
		Guesses: &throttle.Guesses{DB: d, Now: w.now},
	}
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.clock
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clock = w.clock.Add(d)
}

func (w *world) disable(userID string, disabled bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disabled[userID] = disabled
}

// Account names everybody after their id.
func (w *world) Account(_ context.Context, userID string) (name, displayName string, err error) {
	return userID, userID, nil
}

// ActiveTx says whether a person may sign in.
func (w *world) ActiveTx(_ *db.Tx, userID string) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.disabled[userID], nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// phone is a device that is enrolled, with what it was told at enrolment.
type phone struct {
	w     *world
	id    string
	begun protocol.EnrolBegun
}

// phone enrols a device of alice's through the front door of devices.
func (w *world) phone(wants protocol.Verification) *phone { return w.phoneOf(alice, wants) }

func (w *world) phoneOf(userID string, wants protocol.Verification) *phone {
	w.t.Helper()
	ctx := w.t.Context()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(w.t, err)
	link, err := w.Devices.Link(ctx, devices.LinkRequest{UserID: userID, MadeBy: "cli:test"})
	must(w.t, err)
	signer := protocol.Signer{Key: key, PublicURL: issuer}
	body, proof, err := signer.Sign(protocol.VerbEnrolBegin, protocol.EnrolBegin{
		Token: link.Token, Name: string(wants) + " phone", Kind: protocol.KindSoftware, Wants: wants,
	}, w.now())
	must(w.t, err)
	begun, err := w.Devices.Begin(ctx, devices.Incoming{Verb: protocol.VerbEnrolBegin, Proof: proof, Body: body})
	must(w.t, err)
	p := &phone{w: w, id: begun.DeviceID, begun: begun}
	status, err := w.Devices.Prove(ctx, p.device(), protocol.EnrolProve{Passcode: p.passcode(begun.Question)})
	must(w.t, err)
	if status.State != protocol.EnrolStateActive {
		w.t.Fatalf("enrol: got %s", status.State)
	}
	return p
}

// device is what the server takes this phone for at the moment of a request.
func (p *phone) device() devices.Device {
	p.w.t.Helper()
	d, err := p.w.Devices.Get(p.w.t.Context(), p.id)
	must(p.w.t, err)
	return d
}

// secret makes the phone's push passcodes, as if the right PIN had been typed.
func (p *phone) secret() []byte {
	if len(p.begun.PINSecret) > 0 {
		return p.begun.PINSecret
	}
	return p.begun.PushSecret
}

func (p *phone) passcode(question []byte) string {
	p.w.t.Helper()
	code, err := otp.PushPasscode(p.secret(), question)
	must(p.w.t, err)
	return code
}

// approval is what the phone sends when its person types this number.
func (p *phone) approval(challengeID, number string) protocol.Answer {
	p.w.t.Helper()
	r, err := p.w.Open(p.w.t.Context(), p.device(), challengeID, mfa.Origin{})
	must(p.w.t, err)
	return p.approvalOf(r.Approval(issuer, p.id, number, protocol.Approve))
}

func (p *phone) approvalOf(shown protocol.Approval) protocol.Answer {
	p.w.t.Helper()
	hash, question := protocol.ApprovalHash(shown), protocol.Question(shown)
	return protocol.Answer{
		Challenge: shown.Challenge, Verdict: protocol.Approve, Number: shown.Number, Hash: hash[:], Passcode: p.passcode(question[:]),
	}
}

func (p *phone) answer(a protocol.Answer) (protocol.State, error) {
	answered, err := p.w.Answer(p.w.t.Context(), p.device(), a, mfa.Origin{})
	return answered.State, err
}

func (p *phone) say(challengeID string, v protocol.Verdict) (protocol.State, error) {
	return p.answer(protocol.Answer{Challenge: challengeID, Verdict: v})
}

// approve opens the request and approves it with the number of the login page.
func (p *phone) approve(ask mfa.Ask, challengeID string) {
	p.w.t.Helper()
	state, err := p.answer(p.approval(challengeID, p.w.view(ask.LoginID, challengeID).MatchNumber))
	if err != nil || state != protocol.StateApproved {
		p.w.t.Fatalf("approve: got %q, %v", state, err)
	}
}

// ask is a login of alice's from a browser that is not known; each call is another
// login in the same browser.
func (w *world) ask() mfa.Ask {
	w.mu.Lock()
	defer w.mu.Unlock()
	return mfa.Ask{
		UserID: alice, LoginID: "log_" + rand.Text(), ClientID: "mail", Browser: "browser-1",
		Context: protocol.Context{ClientName: "Contoso Mail", IP: "192.0.2.7", Place: "Berlin", Browser: "Firefox", OS: "Linux"},
		Demand:  mfa.Demand{Factor: true, MatchDigits: 2},
	}
}

func (w *world) askFrom(browser, known string) mfa.Ask {
	ask := w.ask()
	ask.Browser, ask.KnownBrowser = browser, known
	return ask
}

func (w *world) try(ask mfa.Ask) (string, error) {
	return w.Start(w.t.Context(), ask, func(*db.Tx, string) error { return nil })
}

func (w *world) start(ask mfa.Ask) string {
	w.t.Helper()
	id, err := w.try(ask)
	must(w.t, err)
	return id
}

// startAnew starts a login's challenge whatever was spent before.
func (w *world) startAnew(ask mfa.Ask) string {
	w.t.Helper()
	w.write(func(tx *db.Tx) error { return mfa.UnlockTx(tx, ask.UserID) })
	return w.start(ask)
}

func (w *world) view(loginID, challengeID string) mfa.View {
	w.t.Helper()
	v, err := w.View(w.t.Context(), loginID, challengeID)
	must(w.t, err)
	return v
}

func (w *world) verify(ask mfa.Ask, challengeID, passcode string) error {
	return w.Verify(w.t.Context(), ask.LoginID, challengeID, passcode, func(*db.Tx, mfa.Proof) error { return nil })
}

// withdraw is what becomes of the challenge of a login that is cancelled.
func (w *world) withdraw(challengeID string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) error { return w.WithdrawTx(tx, challengeID) })
}

func (w *world) write(fn func(tx *db.Tx) error) {
	w.t.Helper()
	must(w.t, w.DB.Write(w.t.Context(), fn))
}

// row is what of a challenge may change.
type row struct {
	State      mfa.State
	Tries      int
	DeviceID   *string `db:"device_id"`
	Passcode   []byte
	AnsweredAt *int64 `db:"answered_at"`
	FinishBy   *int64 `db:"finish_by"`
	VerifiedAt *int64 `db:"verified_at"`
}

func (w *world) row(challengeID string) (r row) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &r,
		"SELECT state, tries, device_id, passcode, answered_at, finish_by, verified_at FROM challenges WHERE id = $1", challengeID))
	return r
}

func (w *world) wantState(challengeID string, want mfa.State) {
	w.t.Helper()
	if got := w.row(challengeID); got.State != want || (got.Passcode != nil) != (want == mfa.Approved) {
		w.t.Errorf("got state %s with a passcode %v, want %s", got.State, got.Passcode != nil, want)
	}
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &n, query, args...))
	return n
}

func (w *world) audited(action string, outcome audit.Outcome) int {
	w.t.Helper()
	return w.count("SELECT count(*) FROM audit WHERE action = $1 AND outcome = $2", action, string(outcome))
}

// differing is a value of the same form that is another one.
func differing(digits string) string {
	last := digits[len(digits)-1]
	return fmt.Sprintf("%s%c", digits[:len(digits)-1], '0'+(last-'0'+1)%10)
}

func wantCode(t testing.TB, what string, err error, want protocol.Code) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %s", what, err, want)
	}
}

// race runs fn n times at once and returns the errors, nil for who won.
func race(n int, fn func(i int) error) []error {
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
	return errs
}

// won counts those who won and fails on errors that none of the expected ones is in.
func won(t testing.TB, errs []error, expected ...error) (n int) {
	t.Helper()
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }):
			t.Errorf("lost with %v, want one of %v", err, expected)
		}
	}
	return n
}
