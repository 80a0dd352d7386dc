package mfa_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

func TestAnApprovedRequestSignsInOnceAndOnlyOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		v := w.view(ask.LoginID, id)
		if v.State != mfa.Pending || len(v.MatchNumber) != 2 || v.Passcode != "" || v.Progress != mfa.Queued ||
			!slices.Equal(v.Devices, []string{"plain phone"}) || !v.EndsAt.Equal(w.now().Add(120*time.Second)) {
			t.Errorf("waiting: got %+v", v)
		}
		open, err := w.Requests(ctx, p.device())
		if err != nil || len(open) != 1 {
			t.Fatalf("got requests %v, %v, want one", open, err)
		}
		r := open[0]
		if r.ID != id || r.Account != alice || r.Client != (protocol.Client{ID: "mail", Name: "Contoso Mail"}) || r.MatchDigits != 2 ||
			r.Context.IP != "192.0.2.7" || r.State != protocol.StatePending || r.NewClient || r.NewNetwork {
			t.Errorf("the phone is told %+v", r)
		}
		if got := w.view(ask.LoginID, id).Progress; got != mfa.Delivered {
			t.Errorf("after asking: got progress %s, want delivered", got)
		}
		a := p.approval(id, v.MatchNumber) // opens it
		if got := w.view(ask.LoginID, id).Progress; got != mfa.Opened {
			t.Errorf("after opening: got progress %s, want opened", got)
		}
		if state, err := p.answer(a); err != nil || state != protocol.StateApproved {
			t.Fatalf("approve: got %q, %v", state, err)
		}
		v = w.view(ask.LoginID, id)
		if v.State != mfa.Approved || v.Passcode != a.Passcode || v.MatchNumber != "" || v.Device != "plain phone" ||
			!v.EndsAt.Equal(w.now().Add(60*time.Second)) {
			t.Errorf("approved: got %+v, want the passcode that the device sent", v)
		}
		var proof mfa.Proof
		must(t, w.Verify(ctx, ask.LoginID, id, v.Passcode, func(_ *db.Tx, p mfa.Proof) error {
			proof = p
			return nil
		}))
		if proof.UserID != alice || proof.DeviceID != p.id || proof.ChallengeID != id || !proof.Numbered ||
			!slices.Equal(proof.Methods, []string{"otp", "swk"}) || !proof.At.Equal(w.now()) {
			t.Errorf("got proof %+v", proof)
		}
		w.wantState(id, mfa.Verified)
		if err := w.verify(ask, id, v.Passcode); !errors.Is(err, mfa.ErrOver) {
			t.Errorf("the second time: got %v, want ErrOver", err)
		}
		if open, err := w.Requests(ctx, p.device()); err != nil || len(open) != 0 {
			t.Errorf("afterwards the phone is still asked %v, %v", open, err)
		}
		for _, action := range []string{"challenge.created", "challenge.approved", "challenge.verified"} {
			if n := w.audited(action, audit.OK); n != 1 {
				t.Errorf("%s: got %d entries, want 1", action, n)
			}
		}
	})
}

// "Nothing single-use is honoured twice, on any node, after any crash."
func TestOfFiftyWhoSubmitThePasscodeOneGetsIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		p.approve(ask, id)
		passcode := w.view(ask.LoginID, id).Passcode
		if n := won(t, race(50, func(int) error { return w.verify(ask, id, passcode) }), mfa.ErrOver); n != 1 {
			t.Errorf("got %d in, want 1", n)
		}
		if n := w.audited("challenge.verified", audit.OK); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}

func TestWhatFollowsAVerifiedPasscodeHappensWithItOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		p.approve(ask, id)
		passcode, lost := w.view(ask.LoginID, id).Passcode, errors.New("the login moved on")
		err := w.Verify(t.Context(), ask.LoginID, id, passcode, func(*db.Tx, mfa.Proof) error { return lost })
		if !errors.Is(err, lost) {
			t.Errorf("got %v, want what went wrong", err)
		}
		w.wantState(id, mfa.Approved)
		must(t, w.verify(ask, id, passcode))
	})
}

// "Nothing single-use is honoured twice": of many verdicts at once one counts, and
// only who gave that one is told that it did.
func TestOfFiftyVerdictsFromTwoPhonesOneCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		phones := []*phone{w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPIN)}
		ask := w.ask()
		id := w.start(ask)
		number := w.view(ask.LoginID, id).MatchNumber
		answers := []protocol.Answer{
			phones[0].approval(id, number), phones[1].approval(id, number), {Challenge: id, Verdict: protocol.Deny}, {Challenge: id, Verdict: protocol.Deny},
		}
		states := make([]protocol.State, 50)
		errs := race(50, func(i int) (err error) {
			states[i], err = phones[i%2].answer(answers[i%4])
			return err
		})
		// Whoever gave the winning verdict is told so as often as he asks.
		if n := won(t, errs, protocol.ErrAnsweredElsewhere); n < 12 || n > 13 {
			t.Errorf("got %d of 50 taken, want every fourth", n)
		}
		winner := slices.IndexFunc(errs, func(err error) bool { return err == nil })
		got := w.row(id)
		for i, err := range errs {
			if err == nil && (i%4 != winner%4 || states[i] != protocol.State(got.State) || *got.DeviceID != phones[i%2].id) {
				t.Errorf("answer %d was taken as %s; the row says %s by %s", i, states[i], got.State, *got.DeviceID)
			}
		}
		if n := w.audited("challenge.approved", audit.OK) + w.audited("challenge.denied", audit.OK); n != 1 {
			t.Errorf("got %d verdicts in the journal, want 1", n)
		}
	})
}

func TestALostAnswerIsSentAgainAndAnsweredAsBefore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		for _, verdict := range []protocol.Verdict{protocol.Approve, protocol.Deny, protocol.Report} {
			id := w.startAnew(ask)
			a := protocol.Answer{Challenge: id, Verdict: verdict}
			if verdict == protocol.Approve {
				a = p.approval(id, w.view(ask.LoginID, id).MatchNumber)
			}
			first, err := p.answer(a)
			must(t, err)
			before := w.row(id)
			again, err := p.answer(a)
			if err != nil || again != first {
				t.Errorf("%s again: got %q, %v, want %q", verdict, again, err, first)
			}
			if verdict == protocol.Approve {
				must(t, w.verify(ask, id, a.Passcode))
				if again, err := p.answer(a); err != nil || again != first {
					t.Errorf("after it was verified: got %q, %v, want %q", again, err, first)
				}
			} else if got := w.row(id); got.State != before.State || *got.AnsweredAt != *before.AnsweredAt {
				t.Errorf("%s again changed the row to %+v", verdict, got)
			}
		}
		if n := w.audited("challenge.answer", audit.Refused); n != 0 {
			t.Errorf("got %d refusals in the journal, want none", n)
		}
	})
}

// "Delivery is never approval."
func TestAskingForARequestAndShowingItApprovesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		ask := w.ask()
		id := w.start(ask)
		for range 3 {
			_, err := w.Requests(t.Context(), p.device())
			must(t, err)
			_, err = w.Open(t.Context(), p.device(), id, mfa.Origin{})
			must(t, err)
		}
		if v := w.view(ask.LoginID, id); v.State != mfa.Pending || v.Passcode != "" {
			t.Errorf("got %+v, want it pending", v)
		}
		if err := w.verify(ask, id, "000000"); !errors.Is(err, mfa.ErrPending) {
			t.Errorf("got %v, want ErrPending", err)
		}
	})
}

func TestARequestGoesToEveryActiveDeviceWithPushOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		first, second, off, suspended := w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPIN), w.phone(protocol.VerifyPlain), w.phone(protocol.VerifyPlain)
		others := w.phoneOf(bob, protocol.VerifyPlain)
		must(t, w.Devices.SetPush(ctx, alice, off.id, false))
		must(t, w.Devices.Suspend(ctx, alice, suspended.id, "user"))
		ask := w.ask()
		id := w.start(ask)
		for p, want := range map[*phone]int{first: 1, second: 1, off: 0, suspended: 0, others: 0} {
			if open, err := w.Requests(ctx, p.device()); err != nil || len(open) != want {
				t.Errorf("%s: got %d requests, %v, want %d", p.id, len(open), err, want)
			}
		}
		second.approve(ask, id)
		if r, err := w.Open(ctx, first.device(), id, mfa.Origin{}); err != nil || r.State != protocol.StateApproved {
			t.Errorf("the other phone: got %q, %v, want approved", r.State, err)
		}
		_, err := first.say(id, protocol.Approve)
		wantCode(t, "the other phone answers too", err, protocol.ErrAnsweredElsewhere)
	})
}

func TestADeviceThatPushIsForbiddenForIsNeverAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(protocol.VerifyPIN)
		must(t, w.Devices.ForbidPush(ctx, alice, p.id, true))
		for _, verified := range []bool{false, true} { // also where the request would wait for the app to be opened
			ask := w.ask()
			ask.Demand.Verified = verified
			if _, err := w.try(ask); !errors.Is(err, mfa.ErrNoDevice) {
				t.Errorf("verified %t: got %v, want ErrNoDevice", verified, err)
			}
		}
		must(t, w.Devices.ForbidPush(ctx, alice, p.id, false))
		w.start(w.ask())
	})
}

func TestWithoutADeviceNothingIsSent(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		if _, err := w.try(w.ask()); !errors.Is(err, mfa.ErrNoDevice) {
			t.Errorf("no device: got %v, want ErrNoDevice", err)
		}
		p := w.phone(protocol.VerifyPlain)
		strict := w.ask()
		strict.Demand.RefuseSoftware = true
		if _, err := w.try(strict); !errors.Is(err, mfa.ErrNoDevice) {
			t.Errorf("software devices refused: got %v, want ErrNoDevice", err)
		}
		w.disable(alice, true)
		if _, err := w.try(w.ask()); !errors.Is(err, mfa.ErrInactive) {
			t.Errorf("disabled: got %v, want ErrInactive", err)
		}
		w.disable(alice, false)
		must(t, w.Devices.Remove(t.Context(), alice, p.id, "user"))
		if _, err := w.try(w.ask()); !errors.Is(err, mfa.ErrNoDevice) {
			t.Errorf("removed: got %v, want ErrNoDevice", err)
		}
		if n := w.count("SELECT count(*) FROM challenges") + w.count("SELECT count(*) FROM prompt_budgets"); n != 0 {
			t.Errorf("got %d rows from refusals, want none", n)
		}
	})
}

func TestANewClientAndANewNetworkAreHinted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPlain)
		hints := func(change func(*mfa.Ask)) (client, network bool) {
			ask := w.ask()
			change(&ask)
			id := w.startAnew(ask)
			r, err := w.Open(t.Context(), p.device(), id, mfa.Origin{})
			must(t, err)
			return r.NewClient, r.NewNetwork
		}
		if c, n := hints(func(*mfa.Ask) {}); c || n {
			t.Errorf("the first login ever: got %v, %v, want no hints", c, n)
		}
		ask := w.ask()
		id := w.startAnew(ask)
		p.approve(ask, id)
		must(t, w.verify(ask, id, w.view(ask.LoginID, id).Passcode))
		for name, row := range map[string]struct {
			change          func(*mfa.Ask)
			client, network bool
		}{
			"the same again":  {func(*mfa.Ask) {}, false, false},
			"a neighbour":     {func(a *mfa.Ask) { a.Context.IP = "192.0.2.200" }, false, false},
			"another client":  {func(a *mfa.Ask) { a.ClientID = "crm" }, true, false},
			"another network": {func(a *mfa.Ask) { a.Context.IP = "198.51.100.1" }, false, true},
		} {
			if c, n := hints(row.change); c != row.client || n != row.network {
				t.Errorf("%s: got %v, %v, want %v, %v", name, c, n, row.client, row.network)
			}
		}
	})
}

var _ mfa.People = (*world)(nil)
var _ devices.Accounts = (*world)(nil)
