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

// "A password alone … never ends a report."
func TestAReportPausesPushForBrowsersOfItsKind(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		if state, err := p.say(id, protocol.Report); err != nil || state != protocol.StateReported {
			t.Fatalf("got %q, %v", state, err)
		}
		w.wantState(id, mfa.Reported)
		w.pass(24 * time.Hour)
		w.wantPaused(ask)
		w.wantPaused(w.askFrom("another", ""))
		w.start(w.askFrom("home", "brw_home"))
		if got, err := w.Reported(t.Context(), ask.LoginID); err != nil || got != id {
			t.Errorf("the login: got reported %q, %v, want %q", got, err, id)
		}
		if got, err := w.Reported(t.Context(), w.ask().LoginID); err != nil || got != "" {
			t.Errorf("another login: got reported %q, %v, want none", got, err)
		}
		if n := w.audited("challenge.reported", audit.OK); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}

func TestAReportFromAKnownBrowserLeavesTheOthersAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		home := w.askFrom("home", "brw_home")
		_, err := p.say(w.start(home), protocol.Report)
		must(t, err)
		w.wantPaused(home)
		w.start(w.ask())
	})
}

func TestADenialMayBecomeAReportByTheSameDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, other := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		_, err := p.say(id, protocol.Deny)
		must(t, err)
		_, err = other.say(id, protocol.Report)
		wantCode(t, "another device", err, protocol.ErrAnsweredElsewhere)
		w.wantRefusal(ask, &mfa.WaitError{Until: w.now().Add(10 * time.Second)})
		errs := race(20, func(int) error {
			state, err := p.say(id, protocol.Report)
			if err == nil && state != protocol.StateReported {
				t.Errorf("got %q, want reported", state)
			}
			return err
		})
		if n := won(t, errs); n != 20 {
			t.Errorf("got %d told that it was reported, want all", n)
		}
		w.wantPaused(ask)
		if n := w.audited("challenge.reported", audit.OK); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
		_, err = p.say(id, protocol.Deny)
		wantCode(t, "a report does not become a denial", err, protocol.ErrAnsweredElsewhere)
	})
}

// A login that asked again after a denial must not get through on the newer request
// when the older one is reported, and its approval must not end the pause.
func TestALateReportTakesBackWhatSuchBrowsersStillWaitFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		for _, answered := range []bool{false, true} {
			ask := w.ask()
			first := w.startAnew(ask)
			_, err := p.say(first, protocol.Deny)
			must(t, err)
			w.pass(10 * time.Second)
			second := w.start(ask)
			passcode := ""
			if answered {
				p.approve(ask, second)
				passcode = w.view(ask.LoginID, second).Passcode
			}
			_, err = p.say(first, protocol.Report)
			must(t, err)
			w.wantState(second, mfa.Withdrawn)
			if answered {
				if err := w.verify(ask, second, passcode); !errors.Is(err, mfa.ErrOver) {
					t.Errorf("its passcode: got %v, want ErrOver", err)
				}
			}
			w.wantPaused(ask)
		}
	})
}

func TestAReportLeavesTheRequestOfAKnownBrowserAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		first := w.start(w.ask())
		_, err := p.say(first, protocol.Deny)
		must(t, err)
		home := w.askFrom("home", "brw_home")
		second := w.start(home)
		_, err = p.say(first, protocol.Report)
		must(t, err)
		w.wantState(second, mfa.Pending)
		p.approve(home, second)
		w.wantPaused(w.ask())
	})
}

func TestWhatElseEndsWithAReportEndsInItsTransaction(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		var told []string
		broken := errors.New("it cannot be written")
		w.OnReport = func(_ *db.Tx, r mfa.Report) error { return broken }
		ask := w.ask()
		id := w.start(ask)
		if _, err := p.say(id, protocol.Report); !errors.Is(err, broken) {
			t.Errorf("got %v, want what went wrong", err)
		}
		w.wantState(id, mfa.Pending)
		w.OnReport = func(_ *db.Tx, r mfa.Report) error {
			told = append(told, r.UserID)
			return nil
		}
		_, err := p.say(id, protocol.Report)
		must(t, err)
		if len(told) != 1 || told[0] != alice {
			t.Errorf("got told of %v, want alice", told)
		}
	})
}
