package mfa_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

func TestDevicesAreAskedInTurns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, deaf := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		w.pass(time.Hour)
		recent := w.phone(protocol.VerifyPlain)
		w.write(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE devices SET seen_at = $1 WHERE id = $2", db.At(w.now()), recent.id)
			return err
		})
		p := w.wakes()
		p.deaf[deaf.id] = true

		ask := w.ask()
		ask.Demand.Terms.NextDevice = 20 * time.Second
		id := w.start(ask)
		if got := p.next(t); got.device != recent.id {
			t.Errorf("first: got %s, want the device that was used last", got.device)
		}
		p.none(t, w)
		if got := w.view(ask.LoginID, id).Asked; !same(got, recent.id, deaf.id) {
			t.Errorf("asked at first: got %v", got)
		}
		if open, err := w.Requests(t.Context(), old.device()); err != nil || len(open) != 0 {
			t.Errorf("before its turn: got %v, %v", open, err)
		}
		if _, err := w.Open(t.Context(), old.device(), id, mfa.Origin{}); !errors.Is(err, protocol.ErrUnknownRequest) {
			t.Errorf("opened before its turn: got %v", err)
		}
		if _, err := old.say(id, protocol.Deny); !errors.Is(err, protocol.ErrUnknownRequest) {
			t.Errorf("denied before its turn: got %v", err)
		}
		if open, err := w.Requests(t.Context(), deaf.device()); err != nil || len(open) != 1 {
			t.Errorf("the one that cannot be woken: got %v, %v", open, err)
		}

		w.pass(20 * time.Second)
		w.nudge()
		if got := p.next(t); got.device != old.id {
			t.Errorf("then: got %+v", got)
		}
		p.none(t, w)
		if got := w.view(ask.LoginID, id).Asked; !same(got, recent.id, deaf.id, old.id) {
			t.Errorf("asked in the end: got %v", got)
		}
		old.approve(ask, id)
		w.wantState(id, "approved")
	})
}

func same(got []string, want ...string) bool {
	slices.Sort(got)
	slices.Sort(want)
	return slices.Equal(got, want)
}
