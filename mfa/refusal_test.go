package mfa_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// hour is a request to alice's phone at the moment of the answer.
type hour struct {
	*world
	phone, second *phone
	ask           mfa.Ask
	id            string
	right         protocol.Answer // what would be accepted
	device        devices.Device  // as it was recognised
}

// refusalRow says what is different about an approval, how it is refused, and whether
// it counts as one of three tries.
type refusalRow struct {
	change func(h *hour)
	want   protocol.Code
	counts bool
}

// refusals runs each row against a request of its own and demands that nothing but
// the count of wrong answers changes, and that the journal tells of it once.
func refusals(t *testing.T, rows map[string]refusalRow) {
	t.Helper()
	each(t, func(t *testing.T, w *world) {
		second := w.phone(protocol.VerifyPIN)
		for name, tc := range rows {
			h := &hour{world: w, phone: w.phone(protocol.VerifyPlain), second: second, ask: w.ask()}
			h.id = w.startAnew(h.ask)
			h.device = h.phone.device()
			h.right = h.phone.approval(h.id, w.view(h.ask.LoginID, h.id).MatchNumber)
			tc.change(h)
			before, refused := w.row(h.id), w.audited("challenge.answer", audit.Refused)
			for try := range 2 {
				_, err := w.Answer(t.Context(), h.device, h.right, mfa.Origin{})
				wantCode(t, name, err, tc.want)
				if tc.counts {
					before.Tries++
				}
				if got := w.row(h.id); !reflect.DeepEqual(got, before) {
					t.Errorf("%s: the row changed from %+v to %+v", name, before, got)
				}
				wantEntries := 1
				if tc.counts {
					wantEntries = try + 1
				}
				if got := w.audited("challenge.answer", audit.Refused) - refused; got != wantEntries {
					t.Errorf("%s: got %d refusals in the journal, want %d", name, got, wantEntries)
				}
			}
			w.disable(alice, false)
			if h.phone.device().State != devices.Removed {
				must(t, w.Devices.Remove(t.Context(), alice, h.phone.id, "test"))
			}
		}
	})
}

// "An approval counts only for the browser that asked, the client that was shown and
// the request that was signed."
func TestAnApprovalThatIsWrongIsRefusedAndCounted(t *testing.T) {
	rows := map[string]refusalRow{
		"a wrong number": {func(h *hour) {
			h.right = h.phone.approval(h.id, differing(h.right.Number))
		}, protocol.ErrWrongNumber, true},
		"no number":        {func(h *hour) { h.right = h.phone.approval(h.id, "") }, protocol.ErrWrongNumber, true},
		"a longer number":  {func(h *hour) { h.right = h.phone.approval(h.id, "0"+h.right.Number) }, protocol.ErrWrongNumber, true},
		"a wrong passcode": {func(h *hour) { h.right.Passcode = differing(h.right.Passcode) }, protocol.ErrWrongPasscode, true},
		"no passcode":      {func(h *hour) { h.right.Passcode = "" }, protocol.ErrWrongPasscode, true},
		"a wrong hash":     {func(h *hour) { h.right.Hash[0] ^= 1 }, protocol.ErrInvalidRequest, true},
		"no hash":          {func(h *hour) { h.right.Hash = nil }, protocol.ErrInvalidRequest, true},
		"the typed passcode's secret": {func(h *hour) {
			h.phone.begun.PushSecret = h.phone.begun.TypedSecret
			h.right = h.phone.approval(h.id, h.right.Number)
		}, protocol.ErrWrongPasscode, true},
		"another device's passcode": {func(h *hour) {
			h.right.Passcode = h.second.approval(h.id, h.right.Number).Passcode
		}, protocol.ErrWrongPasscode, true},
	}
	// What was shown differs in one field from what was asked: the hash gives it away,
	// and where the hash lies the passcode does.
	for field, flip := range map[string]func(*protocol.Approval){
		"issuer":      func(a *protocol.Approval) { a.Issuer = "https://evil.example" },
		"nonce":       func(a *protocol.Approval) { a.Nonce = strings.Repeat("A", 43) },
		"account":     func(a *protocol.Approval) { a.Account = bob },
		"device":      func(a *protocol.Approval) { a.Device = "dev_other" },
		"client":      func(a *protocol.Approval) { a.Client = "bank" },
		"client name": func(a *protocol.Approval) { a.Context.ClientName = "Contoso Bank" },
		"address":     func(a *protocol.Approval) { a.Context.IP = "192.0.2.8" },
		"place":       func(a *protocol.Approval) { a.Context.Place = "Hamburg" },
		"browser":     func(a *protocol.Approval) { a.Context.Browser = "Chrome" },
		"system":      func(a *protocol.Approval) { a.Context.OS = "Windows" },
		"time":        func(a *protocol.Approval) { a.Context.At = protocol.At(a.Context.At.Add(time.Second)) },
		"expiry":      func(a *protocol.Approval) { a.Expires = protocol.At(a.Expires.Add(time.Minute)) },
	} {
		lie := func(h *hour) protocol.Answer {
			r, err := h.Open(h.t.Context(), h.device, h.id, mfa.Origin{})
			must(h.t, err)
			shown := r.Approval(issuer, h.phone.id, h.right.Number, protocol.Approve)
			flip(&shown)
			return h.phone.approvalOf(shown)
		}
		rows["another "+field+" was shown"] = refusalRow{func(h *hour) { h.right = lie(h) }, protocol.ErrInvalidRequest, true}
		rows["the passcode is for another "+field] = refusalRow{func(h *hour) { h.right.Passcode = lie(h).Passcode }, protocol.ErrWrongPasscode, true}
	}
	rows["the hash is of a denial"] = refusalRow{func(h *hour) {
		r, err := h.Open(h.t.Context(), h.device, h.id, mfa.Origin{})
		must(h.t, err)
		hash := protocol.ApprovalHash(r.Approval(issuer, h.phone.id, h.right.Number, protocol.Deny))
		h.right.Hash = hash[:]
	}, protocol.ErrInvalidRequest, true}
	refusals(t, rows)
}

func TestAnApprovalThatComesTooLateOrFromElsewhereIsRefused(t *testing.T) {
	refusals(t, map[string]refusalRow{
		"at the last moment it is over": {func(h *hour) { h.pass(120 * time.Second) }, protocol.ErrExpired, false},
		"after it was swept": {func(h *hour) {
			h.pass(121 * time.Second)
			_, err := h.Sweep(h.t.Context(), 100)
			must(h.t, err)
		}, protocol.ErrExpired, false},
		"superseded by the same browser": {func(h *hour) {
			h.pass(10 * time.Second)
			h.start(h.askFrom(h.ask.Browser, ""))
		}, protocol.ErrSuperseded, false},
		"withdrawn": {func(h *hour) { h.withdraw(h.id) }, protocol.ErrWithdrawn, false},
		"the person was withdrawn": {func(h *hour) {
			h.write(func(tx *db.Tx) error { return h.WithdrawUserTx(tx, alice) })
		}, protocol.ErrWithdrawn, false},
		"failed after three wrong numbers": {func(h *hour) {
			for range 3 {
				_, err := h.phone.answer(h.phone.approval(h.id, differing(h.right.Number)))
				wantCode(h.t, "wrong number", err, protocol.ErrWrongNumber)
			}
		}, protocol.ErrFailed, false},
		"denied by itself": {func(h *hour) {
			_, err := h.phone.say(h.id, protocol.Deny)
			must(h.t, err)
		}, protocol.ErrAnsweredElsewhere, false},
		"reported by another": {func(h *hour) {
			_, err := h.second.say(h.id, protocol.Report)
			must(h.t, err)
		}, protocol.ErrAnsweredElsewhere, false},
		"approved by another": {func(h *hour) { h.second.approve(h.ask, h.id) }, protocol.ErrAnsweredElsewhere, false},
		"verified": {func(h *hour) {
			h.second.approve(h.ask, h.id)
			must(h.t, h.verify(h.ask, h.id, h.view(h.ask.LoginID, h.id).Passcode))
		}, protocol.ErrAnsweredElsewhere, false},
		"a device of another person": {func(h *hour) {
			h.device = h.phoneOf(bob, protocol.VerifyPlain).device()
		}, protocol.ErrUnknownRequest, false},
		"a device that was enrolled later": {func(h *hour) {
			h.device = h.world.phone(protocol.VerifyPlain).device()
		}, protocol.ErrUnknownRequest, false},
		"suspended since it was recognised": {func(h *hour) {
			must(h.t, h.Devices.Suspend(h.t.Context(), alice, h.phone.id, "user"))
		}, protocol.ErrDeviceSuspended, false},
		"removed since it was recognised": {func(h *hour) {
			must(h.t, h.Devices.Remove(h.t.Context(), alice, h.phone.id, "user"))
		}, protocol.ErrUnknownDevice, false},
		"a disabled person": {func(h *hour) { h.disable(alice, true) }, protocol.ErrUnknownRequest, false},
	})
}

func TestARequestThatNeverWasIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		for _, v := range []protocol.Verdict{protocol.Approve, protocol.Deny, protocol.Report} {
			_, err := p.say("chl_nothing", v)
			wantCode(t, string(v), err, protocol.ErrUnknownRequest)
		}
		_, err := p.say(w.start(w.ask()), "perhaps")
		wantCode(t, "another verdict", err, protocol.ErrInvalidRequest)
		if n := w.audited("challenge.answer", audit.Refused); n != 0 {
			t.Errorf("got %d entries about nothing, want none", n)
		}
	})
}

func TestARequestFromBeforeARestoreIsVoid(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		a := p.approval(id, w.view(ask.LoginID, id).MatchNumber)
		w.Epoch = 2
		_, err := p.answer(a)
		wantCode(t, "answering", err, protocol.ErrUnknownRequest)
		if open, err := w.Requests(t.Context(), p.device()); err != nil || len(open) != 0 {
			t.Errorf("got requests %v, %v, want none", open, err)
		}
		if v := w.view(ask.LoginID, id); v.State != mfa.Expired || v.MatchNumber != "" {
			t.Errorf("the page shows %+v, want it expired", v)
		}
		w.Epoch = 1
		p.approve(ask, id)
		w.Epoch = 2
		if err := w.verify(ask, id, a.Passcode); !errors.Is(err, mfa.ErrOver) {
			t.Errorf("verifying: got %v, want ErrOver", err)
		}
	})
}

func TestThreeWrongAnswersOfAnyKindEndARequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, other := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		number := w.view(ask.LoginID, id).MatchNumber
		wrongPasscode := p.approval(id, number)
		wrongPasscode.Passcode = differing(wrongPasscode.Passcode)
		for i, a := range []protocol.Answer{other.approval(id, differing(number)), wrongPasscode, p.approval(id, differing(number))} {
			by := p
			if i == 0 {
				by = other
			}
			_, err := by.answer(a)
			var told *protocol.Error
			if !errors.As(err, &told) || told.TriesLeft == nil || *told.TriesLeft != 2-i {
				t.Errorf("wrong answer %d: got %v, want %d tries left", i+1, err, 2-i)
			}
			if v := w.view(ask.LoginID, id); v.TriesLeft != 2-i {
				t.Errorf("the page shows %d tries left, want %d", v.TriesLeft, 2-i)
			}
		}
		w.wantState(id, mfa.Failed)
		_, err := p.answer(p.approval(id, number))
		wantCode(t, "the right one then", err, protocol.ErrFailed)
		if n := w.audited("challenge.failed", audit.OK); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}

// "No state change without its audit entry in the same transaction": the refusal of a
// late answer is one, however often it is repeated.
func TestRepeatingALateAnswerDoesNotFillTheJournal(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		id := w.start(w.ask())
		w.pass(3 * time.Minute)
		for _, err := range race(20, func(int) error {
			_, err := p.say(id, protocol.Deny)
			return err
		}) {
			wantCode(t, "late", err, protocol.ErrExpired)
		}
		if n := w.audited("challenge.answer", audit.Refused); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}
