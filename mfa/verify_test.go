package mfa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// approved is a login whose request was approved, and its passcode.
func (w *world) approved(p *phone) (ask mfa.Ask, id, passcode string) {
	w.t.Helper()
	ask = w.ask()
	id = w.startAnew(ask)
	p.approve(ask, id)
	return ask, id, w.view(ask.LoginID, id).Passcode
}

// "An approval counts only for the browser that asked": a passcode closes the one
// login it was made for.
func TestThePasscodeOfOneLoginIsWorthNothingInAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		first, firstID, firstPasscode := w.approved(p)
		second, secondID, secondPasscode := w.approved(p)
		for secondPasscode == firstPasscode { // once in a million
			second, secondID, secondPasscode = w.approved(p)
		}
		var wrong *mfa.WrongPasscodeError
		if err := w.verify(second, secondID, firstPasscode); !errors.As(err, &wrong) || wrong.TriesLeft != 2 {
			t.Errorf("login A's passcode in login B: got %v, want two tries left", err)
		}
		if err := w.verify(second, firstID, firstPasscode); !errors.Is(err, mfa.ErrOver) {
			t.Errorf("login A's request in login B: got %v, want ErrOver", err)
		}
		must(t, w.verify(first, firstID, firstPasscode))
		must(t, w.verify(second, secondID, secondPasscode))
	})
}

// "While a challenge is pending no push passcode is accepted."
func TestNoPasscodeCountsBeforeTheApproval(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		right := p.approval(id, w.view(ask.LoginID, id).MatchNumber).Passcode
		for range 5 {
			if err := w.verify(ask, id, right); !errors.Is(err, mfa.ErrPending) {
				t.Errorf("got %v, want ErrPending", err)
			}
		}
		if got := w.row(id); got.State != mfa.Pending || got.Tries != 0 {
			t.Errorf("got %+v, want it untouched", got)
		}
	})
}

func TestWhatIsOverIsNotVerified(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		for name, row := range map[string]struct {
			end  func(id string)
			want error
		}{
			"a second too late": {func(string) { w.pass(60 * time.Second) }, mfa.ErrOver},
			"too late and swept": {func(string) {
				w.pass(61 * time.Second)
				_, err := w.Sweep(t.Context(), 100)
				must(t, err)
			}, mfa.ErrOver},
			"withdrawn":           {w.withdraw, mfa.ErrOver},
			"the person disabled": {func(string) { w.disable(alice, true) }, mfa.ErrInactive},
			"the device suspended": {func(string) {
				must(t, w.Devices.Suspend(t.Context(), alice, p.id, "user"))
			}, mfa.ErrOver},
		} {
			ask, id, passcode := w.approved(p)
			row.end(id)
			if err := w.verify(ask, id, passcode); !errors.Is(err, row.want) {
				t.Errorf("%s: got %v, want %v", name, err, row.want)
			}
			w.disable(alice, false)
			if p.device().State != "active" {
				must(t, w.Devices.Resume(t.Context(), alice, p.id))
			}
			if err := w.verify(ask, id, passcode); !errors.Is(err, mfa.ErrOver) {
				t.Errorf("%s, and then asked again: got %v, want ErrOver", name, err)
			}
			if v := w.view(ask.LoginID, id); v.Passcode != "" || v.State == mfa.Approved {
				t.Errorf("%s: the page still shows %+v", name, v)
			}
		}
	})
}

// A page that still showed the passcode would submit it again and again.
func TestADeviceThatIsRemovedTakesItsApprovalWithIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask, id, passcode := w.approved(p)
		must(t, w.Devices.Remove(t.Context(), alice, p.id, "user"))
		if err := w.verify(ask, id, passcode); !errors.Is(err, mfa.ErrOver) {
			t.Errorf("got %v, want ErrOver", err)
		}
		w.wantState(id, mfa.Withdrawn)
		if n := w.audited("challenge.withdrawn", audit.OK); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}

func TestThreeWrongPasscodesOnThePageEndARequest(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask, id, passcode := w.approved(p)
		errs := race(20, func(int) error { return w.verify(ask, id, differing(passcode)) })
		told := map[int]int{}
		for _, err := range errs {
			var wrong *mfa.WrongPasscodeError
			switch {
			case errors.As(err, &wrong):
				told[wrong.TriesLeft]++
			case !errors.Is(err, mfa.ErrOver):
				t.Errorf("got %v", err)
			}
		}
		if len(told) != 3 || told[0] != 1 || told[1] != 1 || told[2] != 1 {
			t.Errorf("got told %v, want each number of tries once", told)
		}
		w.wantState(id, mfa.Failed)
		if err := w.verify(ask, id, passcode); !errors.Is(err, mfa.ErrOver) {
			t.Errorf("the right one then: got %v, want ErrOver", err)
		}
		if n := w.audited("challenge.passcode", audit.Refused); n != 3 {
			t.Errorf("got %d refusals in the journal, want 3", n)
		}
	})
}

func TestAPasscodeMayBeTypedWithSpacesAndForeignDigits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask, id, passcode := w.approved(w.phone(protocol.VerifyPlain))
		must(t, w.verify(ask, id, " "+passcode[:3]+"\u00a0"+passcode[3:]+" "))
	})
}

func TestARequestIsWithdrawnOnceAndOnlyWhileItIsOpen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		_, id, _ := w.approved(p)
		w.withdraw(id)
		w.withdraw(id)
		w.withdraw("")
		w.withdraw("chl_nothing")
		w.wantState(id, mfa.Withdrawn)
		if n := w.audited("challenge.withdrawn", audit.OK); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
		ask, id, passcode := w.approved(p)
		must(t, w.verify(ask, id, passcode))
		w.withdraw(id)
		w.wantState(id, mfa.Verified)
	})
}

// An approval and the cancellation of its login at once: whatever comes first, no
// passcode is left behind.
func TestACancelledLoginLeavesNoApprovalBehind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		for range 10 {
			ask := w.ask()
			id := w.startAnew(ask)
			a := p.approval(id, w.view(ask.LoginID, id).MatchNumber)
			won(t, race(2, func(i int) error {
				if i == 0 {
					return w.DB.Write(t.Context(), func(tx *db.Tx) error { return w.WithdrawTx(tx, id) })
				}
				_, err := p.answer(a)
				return err
			}), protocol.ErrWithdrawn)
			w.wantState(id, mfa.Withdrawn)
		}
	})
}
