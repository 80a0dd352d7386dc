package mfa_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// wantWait demands that a prompt is refused for exactly this long.
func (w *world) wantWait(ask mfa.Ask, want time.Duration) {
	w.t.Helper()
	_, err := w.try(ask)
	var wait *mfa.WaitError
	if !errors.As(err, &wait) || !wait.Until.Equal(w.now().Add(want)) {
		w.t.Errorf("got %v, want a wait of %v", err, want)
	}
	w.wantRefusal(ask, err)
}

func (w *world) wantPaused(ask mfa.Ask) {
	w.t.Helper()
	_, err := w.try(ask)
	if !errors.Is(err, mfa.ErrPaused) {
		w.t.Errorf("got %v, want ErrPaused", err)
	}
	w.wantRefusal(ask, err)
}

// wantRefusal demands that Ways tells beforehand what Start says.
func (w *world) wantRefusal(ask mfa.Ask, want error) {
	w.t.Helper()
	ways, err := w.Ways(w.t.Context(), ask)
	must(w.t, err)
	var told, expected *mfa.WaitError
	switch {
	case errors.As(want, &expected):
		if !errors.As(ways.Refusal, &told) || !told.Until.Equal(expected.Until) || told.Elsewhere != expected.Elsewhere {
			w.t.Errorf("ways tells %v, start said %v", ways.Refusal, want)
		}
	case errors.Is(want, mfa.ErrPaused) && !errors.Is(ways.Refusal, mfa.ErrPaused), want == nil && ways.Refusal != nil:
		w.t.Errorf("ways tells %v, start said %v", ways.Refusal, want)
	}
}

func TestPromptsThatAreNotApprovedWaitLongerAndLonger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		ask := w.ask()
		for _, want := range []time.Duration{10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600} {
			w.start(ask)
			want *= time.Second
			w.wantWait(ask, want)
			w.pass(want - time.Millisecond)
			w.wantWait(ask, time.Millisecond)
			w.pass(max(5*time.Minute-want, 0) + time.Millisecond) // slowly enough not to be paused
			w.wantRefusal(ask, nil)
		}
	})
}

func TestTheThirdPromptInTenMinutesPausesPush(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		for _, v := range []protocol.Verdict{protocol.Deny, "", protocol.Deny} { // "": never answered
			id := w.start(ask)
			if v != "" {
				_, err := p.say(id, v)
				must(t, err)
			}
			w.pass(time.Minute)
		}
		w.wantPaused(ask)
		w.pass(30 * 24 * time.Hour)
		_, err := w.Sweep(t.Context(), 1000)
		must(t, err)
		w.wantPaused(ask)
		w.write(func(tx *db.Tx) error { return mfa.UnlockTx(tx, alice) })
		w.start(ask)
	})
}

func TestAnApprovalBeginsTheCountAnew(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		for range 4 {
			w.start(ask)
			w.pass(10 * time.Second)
			w.start(ask)
			w.pass(20 * time.Second)
			p.approve(ask, w.start(ask)) // the third in ten minutes, but approved
			w.wantRefusal(ask, nil)
		}
	})
}

func TestAKnownBrowserHasABudgetOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		stranger, home, office := w.askFrom("s", ""), w.askFrom("h", "brw_home"), w.askFrom("o", "brw_office")
		for range 3 {
			w.start(stranger)
			w.pass(2 * time.Minute)
		}
		w.wantPaused(stranger)
		w.wantPaused(w.askFrom("another stranger", ""))
		w.start(home)
		w.wantWait(home, 10*time.Second)
		w.pass(2 * time.Minute)
		w.start(office)
		w.pass(2 * time.Minute)
		w.start(home)
		w.pass(2 * time.Minute)
		w.start(home)
		w.wantPaused(home)
		w.pass(2 * time.Minute)
		w.start(office)
	})
}

// "A password alone never … wears a person down": 50 logins begun with the right
// password and never answered send at most 3 notifications in ten minutes.
func TestFiftyLoginsSendThreePromptsInTenMinutes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		w.phoneOf(bob, protocol.VerifyPlain)
		asks := make([]mfa.Ask, 50)
		for i := range asks {
			asks[i] = w.askFrom(fmt.Sprint("browser-", i%10), "")
			asks[i].Context.IP = fmt.Sprintf("198.51.%d.1", i)
		}
		for range 21 { // ten minutes and a moment, the clock standing still for each rush
			race(len(asks), func(i int) error {
				_, err := w.try(asks[i])
				var wait *mfa.WaitError
				if err != nil && !errors.As(err, &wait) && !errors.Is(err, mfa.ErrPaused) {
					t.Errorf("got %v", err)
				}
				return err
			})
			if n := w.count("SELECT count(*) FROM challenges WHERE state = 'pending' AND user_id = $1", alice); n > 1 {
				t.Fatalf("got %d pending, want one at most", n)
			}
			w.pass(30 * time.Second)
		}
		if n := w.count("SELECT count(*) FROM deliveries"); n != 3 {
			t.Errorf("got %d notifications, want 3", n)
		}
	})
}

// All browsers at once and the clock running on.
func TestFiftyLoginsSendThreePromptsHoweverTheClockRuns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		errs := race(50, func(i int) error {
			ask := w.askFrom(fmt.Sprint("browser-", i%3), "")
			for range 12 {
				_, err := w.try(ask)
				var wait *mfa.WaitError
				if err != nil && !errors.As(err, &wait) && !errors.Is(err, mfa.ErrPaused) {
					return err
				}
				w.pass(time.Second) // 600 steps in all
			}
			return nil
		})
		won(t, errs)
		if n := w.count("SELECT count(*) FROM deliveries"); n != 3 {
			t.Errorf("got %d notifications, want 3", n)
		}
	})
}

func TestOfTwoPromptsAtOnceTheSecondSeesWhatTheFirstSpent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		ask := w.ask()
		for round := range 8 {
			sent := 0
			for _, err := range race(40, func(int) error {
				_, err := w.try(ask)
				return err
			}) {
				var wait *mfa.WaitError
				if err == nil {
					sent++
				} else if !errors.As(err, &wait) || !wait.Until.Equal(w.now().Add(10*time.Second<<round)) {
					t.Errorf("round %d: got %v, want a wait of %v", round, err, 10*time.Second<<round)
				}
			}
			if sent != 1 {
				t.Errorf("round %d: got %d sent, want 1", round, sent)
			}
			w.pass(max(5*time.Minute, 10*time.Second<<round)) // not so fast that push is paused
		}
	})
}
