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

// "One pending challenge per user: only the same browser's login supersedes its own; a
// known browser's request goes before an unknown one's, never the reverse."
func TestOnlyOneRequestIsPendingAndSomeGoBeforeOthers(t *testing.T) {
	type who struct{ browser, known string }
	for name, tc := range map[string]struct {
		first, second who
		supersedes    bool
	}{
		"the same browser, unknown":     {who{"a", ""}, who{"a", ""}, true},
		"the same browser, known":       {who{"a", "brw_a"}, who{"a", "brw_a"}, true},
		"a known one and an unknown":    {who{"a", ""}, who{"b", "brw_b"}, true},
		"an unknown one and a known":    {who{"a", "brw_a"}, who{"b", ""}, false},
		"an unknown one and an unknown": {who{"a", ""}, who{"b", ""}, false},
		"a known one and a known":       {who{"a", "brw_a"}, who{"b", "brw_b"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				p := w.phone(protocol.VerifyPlain)
				first, second := w.askFrom(tc.first.browser, tc.first.known), w.askFrom(tc.second.browser, tc.second.known)
				firstID := w.start(first)
				w.pass(10 * time.Second)
				if !tc.supersedes {
					w.wantWait(second, 110*time.Second) // until the first one has run out
					w.wantState(firstID, mfa.Pending)
					w.pass(110 * time.Second)
					w.start(second)
					w.wantState(firstID, mfa.Expired)
					return
				}
				w.wantRefusal(second, nil)
				secondID := w.start(second)
				w.wantState(firstID, mfa.Superseded)
				if v := w.view(first.LoginID, firstID); v.State != mfa.Superseded || v.MatchNumber != "" {
					t.Errorf("the first page shows %+v", v)
				}
				open, err := w.Requests(t.Context(), p.device())
				if err != nil || len(open) != 1 || open[0].ID != secondID {
					t.Errorf("the phone is asked %v, %v, want the second alone", open, err)
				}
			})
		})
	}
}

func TestARequestThatWasAnsweredIsInNobodysWay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		_, err := p.say(w.start(w.askFrom("a", "brw_a")), protocol.Deny)
		must(t, err)
		second := w.askFrom("b", "brw_b")
		p.approve(second, w.start(second))
		w.start(w.askFrom("c", "brw_c"))
	})
}

func TestNeverAreTwoRequestsPending(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		for round := range 4 {
			race(50, func(i int) error {
				known := ""
				if i%3 == 0 {
					known = fmt.Sprint("brw_", i%9)
				}
				_, err := w.try(w.askFrom(fmt.Sprint("browser-", i%9), known))
				var wait *mfa.WaitError
				if err != nil && !errors.As(err, &wait) && !errors.Is(err, mfa.ErrPaused) {
					t.Errorf("round %d: got %v", round, err)
				}
				return err
			})
			if n := w.count("SELECT count(*) FROM challenges WHERE state = 'pending'"); n != 1 {
				t.Errorf("round %d: got %d pending, want 1", round, n)
			}
			w.pass(15 * time.Second)
		}
		// Whatever was created was spent, on somebody's budget.
		spent, created := w.count("SELECT coalesce(sum(spent), 0) FROM prompt_budgets"), w.count("SELECT count(*) FROM challenges")
		if spent != created {
			t.Errorf("got %d spent for %d requests", spent, created)
		}
	})
}

func TestARequestIsCreatedTogetherWithItsLoginOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		ask := w.ask()
		first := w.start(ask)
		w.pass(10 * time.Second)
		moved := errors.New("the login moved on")
		_, err := w.Start(t.Context(), ask, func(*db.Tx, string) error { return moved })
		if !errors.Is(err, moved) {
			t.Errorf("got %v, want what went wrong", err)
		}
		w.wantState(first, mfa.Pending)
		if n := w.count("SELECT spent FROM prompt_budgets"); n != 1 {
			t.Errorf("got %d spent, want 1", n)
		}
	})
}
