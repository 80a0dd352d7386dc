package mfa_test

import (
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// "No secret in a log, an error text, a push payload, or a URL beyond its fragment":
// and none on a page that has no use for it any more.
func TestAPageShowsTheNumberWhilePendingAndThePasscodeWhileApprovedAndNeitherOtherwise(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		say := func(v protocol.Verdict) func(mfa.Ask, string) {
			return func(_ mfa.Ask, id string) {
				_, err := p.say(id, v)
				must(t, err)
			}
		}
		for want, end := range map[mfa.State]func(ask mfa.Ask, id string){
			mfa.Pending:  func(mfa.Ask, string) {},
			mfa.Approved: func(ask mfa.Ask, id string) { p.approve(ask, id) },
			mfa.Verified: func(ask mfa.Ask, id string) {
				p.approve(ask, id)
				must(t, w.verify(ask, id, w.view(ask.LoginID, id).Passcode))
			},
			mfa.Denied:   say(protocol.Deny),
			mfa.Reported: say(protocol.Report),
			mfa.Expired:  func(mfa.Ask, string) { w.pass(120 * time.Second) },
			mfa.Superseded: func(ask mfa.Ask, _ string) {
				w.pass(10 * time.Second)
				w.start(ask)
			},
			mfa.Withdrawn: func(_ mfa.Ask, id string) { w.withdraw(id) },
			mfa.Failed: func(ask mfa.Ask, id string) {
				for range 3 {
					_, err := p.answer(p.approval(id, differing(w.view(ask.LoginID, id).MatchNumber)))
					wantCode(t, "wrong number", err, protocol.ErrWrongNumber)
				}
			},
		} {
			ask := w.ask()
			id := w.startAnew(ask)
			end(ask, id)
			v := w.view(ask.LoginID, id)
			if v.State != want || (v.MatchNumber != "") != (want == mfa.Pending) || (v.Passcode != "") != (want == mfa.Approved) {
				t.Errorf("got %+v, want it %s", v, want)
			}
			if told, err := w.StateOf(t.Context(), ask.LoginID, id); err != nil || told.State != want {
				t.Errorf("the stream tells %+v, %v, want %s", told, err, want)
			}
			stranger := w.view("log_other", id)
			if stranger.State != mfa.Expired || stranger.MatchNumber != "" || stranger.Passcode != "" || stranger.Device != "" || len(stranger.Devices) != 0 {
				t.Errorf("%s: another login is shown %+v, want nothing", want, stranger)
			}
			if told, err := w.StateOf(t.Context(), "log_other", id); err != nil || told != (mfa.Tidings{State: mfa.Expired, Progress: mfa.Queued}) {
				t.Errorf("%s: another login's stream tells %+v, %v", want, told, err)
			}
			w.withdraw(id)
		}
	})
}

func TestAnApprovalThatIsNotUsedInTimeExpires(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask, id, _ := w.approved(w.phone(protocol.VerifyPlain))
		w.pass(60*time.Second - time.Millisecond)
		if v := w.view(ask.LoginID, id); v.State != mfa.Approved {
			t.Errorf("just in time: got %s", v.State)
		}
		w.pass(time.Millisecond)
		if v := w.view(ask.LoginID, id); v.State != mfa.Expired || v.Passcode != "" {
			t.Errorf("too late: got %+v, want it expired", v)
		}
	})
}

func TestLookingChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask, id, _ := w.approved(w.phone(protocol.VerifyPlain))
		entries, before := w.count("SELECT count(*) FROM audit"), w.row(id)
		for range 20 {
			w.view(ask.LoginID, id)
			_, err := w.Ways(t.Context(), ask)
			must(t, err)
		}
		w.pass(10 * time.Minute)
		w.view(ask.LoginID, id)
		if got := w.row(id); got.State != before.State || got.Tries != before.Tries || w.count("SELECT count(*) FROM audit") != entries {
			t.Errorf("got %+v, want %+v and no entries", got, before)
		}
	})
}

func TestWaysNamesTheDevicesThatCanBeAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		ask := w.ask()
		ways := func() mfa.Ways {
			found, err := w.Ways(ctx, ask)
			must(t, err)
			return found
		}
		if got := ways(); len(got.Push) != 0 || got.Typed || got.Refusal != nil {
			t.Errorf("no device: got %+v", got)
		}
		p := w.phone(protocol.VerifyPlain)
		if got := ways(); len(got.Push) != 1 || got.Push[0].ID != p.id || !got.Typed {
			t.Errorf("one device: got %+v", got)
		}
		must(t, w.Devices.SetPush(ctx, alice, p.id, false))
		if got := ways(); len(got.Push) != 0 || !got.Typed {
			t.Errorf("push off: got %+v, want the typed passcode left", got)
		}
		must(t, w.Devices.SetPush(ctx, alice, p.id, true))
		ask.Demand.RefuseSoftware = true
		if got := ways(); len(got.Push) != 0 || got.Typed {
			t.Errorf("software devices refused: got %+v, want no way", got)
		}
		ask.Demand.RefuseSoftware = false
		must(t, w.Devices.Suspend(ctx, alice, p.id, "user"))
		if got := ways(); len(got.Push) != 0 || got.Typed {
			t.Errorf("suspended: got %+v, want no way", got)
		}
	})
}

func TestTheWaitingPageIsWokenByEveryStep(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		watch := w.Watch(id)
		defer watch.Close()
		wantWoken := func(step string) {
			select {
			case <-watch.C:
			case <-time.After(5 * time.Second):
				t.Errorf("%s: nobody was woken", step)
			}
		}
		wrong := p.approval(id, differing(w.view(ask.LoginID, id).MatchNumber))
		wantWoken("opened")
		_, err := p.answer(wrong)
		wantCode(t, "wrong number", err, protocol.ErrWrongNumber)
		wantWoken("a wrong number")
		_, err = p.say(id, protocol.Deny)
		must(t, err)
		wantWoken("denied")
	})
}

func TestSweepMarksWhatRanOutAndForgetsWhatIsOld(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		sweep := func() int64 {
			n, err := w.Sweep(t.Context(), 100)
			must(t, err)
			return n
		}
		verifiedAsk, verified, passcode := w.approved(p)
		must(t, w.verify(verifiedAsk, verified, passcode))
		_, approved, _ := w.approved(p)
		pending := w.startAnew(w.ask())
		if n := sweep(); n != 0 {
			t.Errorf("nothing is over: got %d rows", n)
		}
		w.pass(60 * time.Second) // the approved one has run out, before its time to answer has
		if n := sweep(); n != 1 {
			t.Errorf("got %d rows, want the approved one", n)
		}
		w.wantState(approved, mfa.Expired)
		w.pass(60 * time.Second)
		if n := sweep(); n != 1 {
			t.Errorf("got %d rows, want the pending one", n)
		}
		w.wantState(pending, mfa.Expired)
		w.wantState(verified, mfa.Verified)
		if n := w.audited("challenge.expired", audit.OK); n != 2 {
			t.Errorf("got %d entries, want 2", n)
		}
		w.pass(25 * time.Hour)
		sweep()
		if n := w.count("SELECT count(*) FROM challenges"); n != 1 {
			t.Errorf("a day later: got %d challenges, want the verified one", n)
		}
		w.pass(180 * 24 * time.Hour)
		sweep()
		if n := w.count("SELECT count(*) FROM challenges") + w.count("SELECT count(*) FROM deliveries"); n != 0 {
			t.Errorf("half a year later: got %d rows, want none", n)
		}
	})
}

func TestSweepTakesSmallBites(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(protocol.VerifyPlain)
		for range 5 {
			w.startAnew(w.ask())
		}
		w.write(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE challenges SET state = 'approved', finish_by = 1 WHERE state = 'superseded'")
			return err
		})
		for range 2 {
			if n, err := w.Sweep(t.Context(), 2); err != nil || n != 2 {
				t.Errorf("got %d, %v, want 2", n, err)
			}
		}
	})
}

func TestThePageIsToldWhenNoPhoneCanBeWoken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		r := w.reader("")
		ask := w.ask()
		id := w.start(ask)
		v := w.view(ask.LoginID, id)
		if !v.Asleep || !slices.Equal(v.Asked, []string{r.id}) {
			t.Errorf("a phone without push: got %+v, want it asleep", v)
		}
		if _, err := w.Requests(t.Context(), r.device()); err != nil {
			t.Fatal(err)
		}
		if w.view(ask.LoginID, id).Asleep {
			t.Error("a phone that has asked by itself is called asleep")
		}
		w.phone(protocol.VerifyPlain)
		ask = w.ask()
		if w.view(ask.LoginID, w.startAnew(ask)).Asleep {
			t.Error("with a program in a terminal beside it the phone is called asleep")
		}
	})
}
