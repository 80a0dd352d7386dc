package mfa_test

import (
	"context"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

func TestAPageIsWokenByWhatNobodyAnnounced(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		w.phoneOf(bob, protocol.VerifyPlain)
		moves := w.start(w.ask())
		other := w.ask()
		other.UserID, other.Browser = bob, "browser of bob"
		stays := w.start(other)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Follow(ctx); close(ended) }()
		defer func() { cancel(); <-ended }()

		moving, staying := w.Watch(moves), w.Watch(stays)
		defer moving.Close()
		defer staying.Close()
		woken := func(what string, s *db.Subscription) {
			t.Helper()
			for deadline := time.Now().Add(10 * time.Second); ; {
				w.DB.Wake("challenges in doubt")
				select {
				case <-s.C:
					return
				case <-time.After(20 * time.Millisecond):
				}
				if time.Now().After(deadline) {
					t.Fatalf("%s: nobody was woken", what)
				}
			}
		}
		woken("what was seen for the first time", moving)
		woken("what was seen for the first time", staying)
		for _, statement := range []string{
			"UPDATE deliveries SET state = 'opened' WHERE challenge_id = $1",
			"UPDATE challenges SET state = 'denied' WHERE id = $1",
		} {
			must(t, w.DB.Write(t.Context(), func(tx *db.Tx) error {
				_, err := tx.Exec(statement, moves)
				return err
			}))
			woken(statement, moving)
		}
		select {
		case <-staying.C:
			t.Error("a page whose request did not move was woken")
		default:
		}
	})
}

func TestAPageIsWokenThoughItsRequestCameAndWentBetweenTwoLooks(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		id := w.start(w.ask())
		watch := w.Watch(id)
		defer watch.Close()
		must(t, w.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE challenges SET state = 'approved' WHERE id = $1", id)
			return err
		}))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { w.Follow(ctx); close(ended) }()
		defer func() { cancel(); <-ended }()
		for deadline := time.Now().Add(10 * time.Second); ; {
			w.DB.Wake("challenges in doubt")
			select {
			case <-watch.C:
				return
			case <-time.After(20 * time.Millisecond):
			}
			if time.Now().After(deadline) {
				t.Fatal("nobody was woken")
			}
		}
	})
}

func TestTidingsSayWhenTheyEnd(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		told, err := w.StateOf(t.Context(), ask.LoginID, id)
		if want := w.now().Add(120 * time.Second); err != nil || !told.EndsAt.Equal(want) {
			t.Errorf("pending: got %+v, %v, want its end at %s", told, err, want)
		}
		_, err = p.say(id, protocol.Deny)
		must(t, err)
		if told, err := w.StateOf(t.Context(), ask.LoginID, id); err != nil || !told.EndsAt.IsZero() {
			t.Errorf("denied: got %+v, %v, want no end", told, err)
		}
	})
}
