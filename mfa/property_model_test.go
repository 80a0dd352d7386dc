package mfa_test

import (
	"errors"
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

// model is what happened, as people outside know it, beside the two nodes that it
// happened to.
type model struct {
	t      *testing.T
	w      *world // the first node, with the clock of all
	nodes  []*mfa.Service
	random *rand.Rand
	phones []*phone
	step   int
	last   string

	asked    []*asked
	prompts  map[string][]time.Time // of each budget, since it began anew
	reported map[string]bool        // budgets that a report paused
	typed    map[string]bool        // codes that were taken
}

// asked is one challenge.
type asked struct {
	id       string
	ask      mfa.Ask
	scope    string
	approved bool // a device was told so
	verified int
	ended    mfa.State // how it was last seen to have ended, "" while it goes on
}

func newModel(t *testing.T, first, second *db.DB, random *rand.Rand) *model {
	w := newWorld(t, first)
	other := *w.Service
	other.DB = second
	other.Devices = &devices.Devices{DB: second, Box: w.Box, Epoch: 1, PublicURL: issuer, Accounts: w, Now: w.now}
	other.Guesses = &throttle.Guesses{DB: second, Now: w.now}
	return &model{
		t: t, w: w, nodes: []*mfa.Service{w.Service, &other}, random: random, phones: []*phone{w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPIN)},
		prompts: map[string][]time.Time{}, reported: map[string]bool{}, typed: map[string]bool{},
	}
}

// ask is a browser that wants the phones asked. "A password alone never wears a person
// down": once three prompts were sent within ten minutes, or one was reported, none
// follows until another factor than push was proved.
func (m *model) ask() { m.askFrom(m.random.Intn(3)) }

// askFrom is ask from one of three browsers, of which the first is known.
func (m *model) askFrom(b int) {
	ask := m.w.askFrom(fmt.Sprint("browser-", b), map[bool]string{true: "brw_known"}[b == 0])
	a := &asked{ask: ask, scope: map[bool]string{true: "known", false: "unknown"}[b == 0]}
	m.last = fmt.Sprintf("browser %d asks", b)
	id, err := m.node().Start(m.t.Context(), ask, func(*db.Tx, string) error { return nil })
	var wait *mfa.WaitError
	if err != nil {
		if !errors.As(err, &wait) && !errors.Is(err, mfa.ErrPaused) {
			m.t.Errorf("ask: %v", err)
		}
		return
	}
	sent := m.prompts[a.scope]
	if n := len(sent); m.reported[a.scope] || n >= 3 && sent[n-1].Sub(sent[n-3]) < 10*time.Minute {
		m.t.Errorf("a prompt was sent while push is paused (reported %v, sent %v)", m.reported[a.scope], sent)
	}
	a.id = id
	m.asked, m.prompts[a.scope] = append(m.asked, a), append(sent, m.w.now())
}

// any is one of the latest challenges, whether it goes on or not.
func (m *model) any() *asked {
	if len(m.asked) == 0 {
		return nil
	}
	back := []int{0, 0, 0, 1, 2, 3}[m.random.Intn(6)]
	return m.asked[max(0, len(m.asked)-1-back)]
}

func (m *model) phone() *phone { return m.phones[m.random.Intn(len(m.phones))] }

// anew begins the count of prompts from the beginning.
func (m *model) anew(scope string) {
	delete(m.prompts, scope)
	delete(m.reported, scope)
}

// approve is a phone that approves, with the number of the page or another one.
func (m *model) approve() {
	a, p := m.any(), m.phone()
	if a == nil {
		return
	}
	view, err := m.node().View(m.t.Context(), a.ask.LoginID, a.id)
	must(m.t, err)
	number, right := view.MatchNumber, true
	if number == "" {
		number = "00" // it is shown no more
	}
	if m.random.Intn(4) == 0 {
		number, right = differing(number), false
	}
	m.last = fmt.Sprintf("a phone approves %s (%s) with the right number: %v", a.id, view.State, right)
	answered, err := m.node().Answer(m.t.Context(), p.device(), p.approval(a.id, number), mfa.Origin{})
	if err != nil {
		return
	}
	// "Nothing single-use is honoured twice": an answer that is repeated is answered as
	// the first one was, and no other gets through.
	if answered.State != protocol.StateApproved || !right && !a.approved || a.ended != "" && a.ended != mfa.Verified {
		m.t.Errorf("the approval of %s was taken: right number %v, ended as %q", a.id, right, a.ended)
	}
	if !a.approved {
		a.approved = true
		m.anew(a.scope)
	}
}

// say is a phone that denies or reports.
func (m *model) say(v protocol.Verdict) {
	a, p := m.any(), m.phone()
	if a == nil {
		return
	}
	m.last = fmt.Sprintf("a phone says %s to %s", v, a.id)
	_, err := m.node().Answer(m.t.Context(), p.device(), protocol.Answer{Challenge: a.id, Verdict: v}, mfa.Origin{})
	if err != nil {
		return
	}
	if a.approved {
		m.t.Errorf("%s was approved and %s afterwards", a.id, v)
	}
	if v == protocol.Report {
		m.reported[a.scope] = true
	}
}

// submit is a login page that submits a passcode, on both nodes at once. "A page cannot
// claim success; it can only ask": there was an approval, for this login, with these
// digits, and it counts once.
func (m *model) submit() {
	a := m.any()
	if a == nil {
		return
	}
	view, err := m.node().View(m.t.Context(), a.ask.LoginID, a.id)
	must(m.t, err)
	login, digits, right := a.ask.LoginID, view.Passcode, view.Passcode != ""
	if !right {
		digits = "000000"
	}
	switch m.random.Intn(5) {
	case 0:
		digits, right = differing(digits), false
	case 1: // "An approval counts only for the browser that asked"
		login, right = "log_another", false
	}
	m.last = fmt.Sprintf("a page submits for %s (%s), all of it right: %v", a.id, view.State, right)
	errs := race(2, func(i int) error {
		return m.nodes[i].Verify(m.t.Context(), login, a.id, digits, func(*db.Tx, mfa.Proof) error { return nil })
	})
	for _, err := range errs {
		if err != nil {
			continue
		}
		a.verified++
		if !right || !a.approved || a.verified > 1 || view.State != mfa.Approved {
			m.t.Errorf("%s was verified: all right %v, approved %v, %d times, %s before", a.id, right, a.approved, a.verified, view.State)
		}
	}
	// "An acknowledged approval is never lost": nothing stood in its way.
	if right && view.State == mfa.Approved && a.verified == 0 {
		m.t.Errorf("%s was approved and not honoured: %v", a.id, errs)
	}
}

// typeCode is a page that submits what a phone shows. It counts once, on one node.
func (m *model) typeCode() {
	p := m.phone()
	code, known := p.typed(), ""
	scope := "unknown"
	if m.random.Intn(2) == 0 {
		scope, known = "known", "brw_known"
	}
	m.last = "a passcode is typed in a browser that is " + scope
	errs := race(2, func(i int) error {
		return m.nodes[i].VerifyTyped(m.t.Context(), mfa.Typed{
			UserID: alice, LoginID: "log_typed", ClientID: "mail", Code: code, IP: "192.0.2.7", KnownBrowser: known,
		}, func(*db.Tx, mfa.Proof) error { return nil })
	})
	for _, err := range errs {
		if err != nil {
			continue
		}
		if m.typed[p.id+code] {
			m.t.Errorf("the passcode %s of one phone was taken twice", code)
		}
		m.typed[p.id+code] = true
		m.anew(scope)
	}
}

// withdraw is a login that is cancelled.
func (m *model) withdraw() {
	if a := m.any(); a != nil {
		m.last = "the login of " + a.id + " is cancelled"
		s := m.node()
		must(m.t, s.DB.Write(m.t.Context(), func(tx *db.Tx) error { return s.WithdrawTx(tx, a.id) }))
	}
}
