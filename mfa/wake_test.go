package mfa_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

func TestADeviceIsWokenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone, p := w.phone(protocol.VerifyPlain), w.wakes()
		ask := w.ask()
		began := time.Now()
		id := w.start(ask)
		got := p.next(t)
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s: the hint was lost", took)
		}
		if got.device != phone.id || got.wake == "" || !got.until.Equal(w.now().Add(120*time.Second)) {
			t.Errorf("got %+v", got)
		}
		w.eventually(ask, id, "sent", sent)
		p.none(t, w)
	})
}

func TestAWakeUpWhoseHintWasLostIsFound(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := &pager{arrived: make(chan call, 10)}
		w.Pager = p
		w.start(w.ask()) // nobody listens yet
		w.node()
		p.next(t)
		w.pass(time.Hour)
		w.write(func(tx *db.Tx) error { return mfa.UnlockTx(tx, alice) })
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		w.eventually(ask, id, "sent", sent)
		w.write(func(tx *db.Tx) error { // due again, and nobody is told
			_, err := tx.Exec("UPDATE deliveries SET state = 'queued', next_at = queued_at WHERE challenge_id = $1", id)
			return err
		})
		p.next(t)
	})
}

func TestADeviceWithoutASubscriptionCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		deaf, hears := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		p := w.wakes()
		p.deaf[deaf.id] = true
		ask := w.ask()
		id := w.start(ask)
		if got := p.next(t); got.device != hears.id {
			t.Errorf("got %+v", got)
		}
		w.eventually(ask, id, "sent", sent)
		p.none(t, w)
		if n := w.count("SELECT count(*) FROM deliveries WHERE device_id = $1 AND state = 'queued' AND next_at IS NULL AND attempts = 0", deaf.id); n != 1 {
			t.Errorf("got %d deliveries left alone, want 1", n)
		}
		if open, err := w.Requests(t.Context(), deaf.device()); err != nil || len(open) != 1 {
			t.Errorf("the device that asks by itself: got %v, %v", open, err)
		}
	})
}

func TestPushSwitchedOffIsNotWoken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		off, on := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		must(t, w.Devices.SetPush(t.Context(), alice, off.id, false))
		p := w.wakes()
		w.start(w.ask())
		if got := p.next(t); got.device != on.id {
			t.Errorf("got %+v", got)
		}
		p.none(t, w)
	})
}

func TestAFailureIsToldAndTriedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := w.wakes(push.Unreachable, push.Throttled)
		ask := w.ask()
		id := w.start(ask)
		first := p.next(t)
		w.eventually(ask, id, "the failure", missed)
		p.none(t, w) // too early
		w.pass(2 * time.Second)
		w.nudge()
		p.next(t)
		w.pass(3900 * time.Millisecond)
		p.none(t, w) // the pause doubles
		w.pass(time.Second)
		w.nudge()
		if last := p.next(t); last != first {
			t.Errorf("got %+v, want the same wake-up %+v", last, first)
		}
		w.eventually(ask, id, "sent", sent)
		w.pass(30 * time.Second)
		p.none(t, w)
	})
}

func TestAPauseOfThePushServiceIsKept(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := w.wakes()
		p.answers = []push.Result{{Outcome: push.Throttled, Until: w.now().Add(40 * time.Second)}}
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		w.eventually(ask, id, "the failure", missed)
		w.pass(39 * time.Second)
		p.none(t, w)
		w.pass(2 * time.Second)
		w.nudge()
		p.next(t)
	})
}

// "Login requests die with their TTL: never retry after the request has expired."
func TestNothingIsSentAfterTheChallengeHasExpired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := w.wakes()
		p.answers = []push.Result{{Outcome: push.Throttled, Until: w.now().Add(2 * time.Minute)}}
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		w.eventually(ask, id, "the failure", missed)
		if n := w.count("SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL"); n != 0 {
			t.Errorf("got %d wake-ups planned for after the end", n)
		}
		w.write(func(tx *db.Tx) error { // as if a node had not noticed
			_, err := tx.Exec("UPDATE deliveries SET next_at = queued_at + 1")
			return err
		})
		w.pass(120 * time.Second)
		p.none(t, w)
	})
}

func TestNothingIsSentOnceTheChallengeIsOver(t *testing.T) {
	for how, end := range map[string]func(w *world, phone *phone, ask mfa.Ask, id string){
		"withdrawn": func(w *world, _ *phone, _ mfa.Ask, id string) { w.withdraw(id) },
		"approved":  func(_ *world, phone *phone, ask mfa.Ask, id string) { phone.approve(ask, id) },
		"denied": func(w *world, phone *phone, _ mfa.Ask, id string) {
			_, err := phone.say(id, protocol.Deny)
			must(w.t, err)
		},
		"opened on the device": func(w *world, phone *phone, _ mfa.Ask, id string) {
			_, err := w.Open(w.t.Context(), phone.device(), id, mfa.Origin{})
			must(w.t, err)
		},
	} {
		t.Run(how, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				phone, p := w.phone(protocol.VerifyPlain), w.wakes(push.Unreachable)
				ask := w.ask()
				id := w.start(ask)
				p.next(t)
				w.eventually(ask, id, "the failure", missed)
				end(w, phone, ask, id)
				w.pass(10 * time.Second)
				p.none(t, w)
			})
		})
	}
}

func TestWhatCannotBeMendedIsNotTriedAgain(t *testing.T) {
	for _, outcome := range []push.Outcome{push.Gone, push.KeyRefused, push.TooBig, push.Rejected} {
		t.Run(string(outcome), func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.phone(protocol.VerifyPlain)
				p := w.wakes(outcome)
				ask := w.ask()
				id := w.start(ask)
				p.next(t)
				w.eventually(ask, id, "the failure", missed)
				w.pass(time.Minute)
				p.none(t, w)
			})
		})
	}
}

func TestASubscriptionThatEndedMeanwhileIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		p := w.wakes(push.Unsubscribed)
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		w.eventually(ask, id, "the outcome noted", func(mfa.View) bool {
			return w.count("SELECT count(*) FROM deliveries WHERE next_at IS NOT NULL") == 0
		})
		w.pass(time.Minute)
		p.none(t, w)
		w.eventually(ask, id, "no failure", waiting)
	})
}

func TestOneDeviceThatIsReachedIsEnough(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		w.phone(protocol.VerifyPlain)
		p := w.wakes(push.Gone, push.Delivered)
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		p.next(t)
		w.eventually(ask, id, "sent", sent)
	})
}

// "A login completes with every push service dead", and "a push outage never lowers
// the factors asked for".
func TestALoginCompletesWithEveryPushServiceDead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phone, p := w.phone(protocol.VerifyPIN), w.wakes(push.Unreachable, push.Unreachable, push.Unreachable)
		ask := w.ask()
		id := w.start(ask)
		p.next(t)
		w.eventually(ask, id, "the failure", missed)
		if v := w.view(ask.LoginID, id); len(v.MatchNumber) != 2 || v.State != mfa.Pending {
			t.Errorf("got %+v", v)
		}
		if _, err := phone.answer(phone.approval(id, differing(w.view(ask.LoginID, id).MatchNumber))); !errors.Is(err, protocol.ErrWrongNumber) {
			t.Errorf("a wrong number: got %v", err)
		}
		phone.approve(ask, id)
		must(t, w.verify(ask, id, w.view(ask.LoginID, id).Passcode))
		w.wantState(id, mfa.Verified)
	})
}
