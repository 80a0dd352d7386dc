package idp_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

const month = 30 * 24 * time.Hour

// remembering lets people waive prompts for a month.
func (w *world) remembering() { w.Policy.Rules = []mfa.Rule{{Remember: month}} }

// waiving signs alice in through a whole login in which she waives further prompts.
func (w *world) waiving(p *phone) *visit {
	w.t.Helper()
	v := w.visit("number")
	v.submit("alice", secret)
	must(w.t, w.WaiveBrowser(w.t.Context(), v.l, v.b, v.form(), true))
	v.passcode(p.answer(protocol.Approve, v.ask()))
	v.want(idp.PageDone)
	return v
}

// anew is another login in the same browser, without its session.
func (v *visit) anew(change func(*idp.AuthRequest)) *visit {
	v.w.t.Helper()
	b := v.b
	b.SessionToken = ""
	next, answered := v.w.begin(b, request("number", change))
	if answered != nil {
		v.w.t.Fatalf("answered at once: %+v", answered)
	}
	return next
}

func TestAWaivedBrowserIsNotAskedAndProvesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.remembering()
		p := w.phone(w.alice)
		first := w.waiving(p)
		next := first.anew(nil)
		next.submit("alice", secret)
		st := next.want(idp.PageDone)
		if e := st.Login.Evidence; e.MFA() || e.ACR() != evidence.ACRPassword {
			t.Errorf("a waiver counts as evidence: %+v", e)
		}
		for what, change := range map[string]func(*idp.AuthRequest){
			"a class that is requested": func(r *idp.AuthRequest) { r.ACRValues = []string{evidence.ACRMFA} },
			"an age that is requested":  func(r *idp.AuthRequest) { age := int64(3600); r.MaxAge = &age },
		} {
			v := first.anew(change)
			v.submit("alice", secret)
			if st := v.standing(); st.Page != idp.PageMethod {
				t.Errorf("%s: got page %s, want the second factor", what, st.Page)
			}
		}
		account, err := w.BeginAccount(t.Context(), first.b, idp.AccountPage{})
		must(t, err)
		v := &visit{w, first.b, account.Login}
		v.submit("alice", secret)
		v.want(idp.PageMethod)
		stranger := w.visit("number")
		stranger.submit("alice", secret)
		stranger.want(idp.PageMethod)
	})
}

func TestAWaiverEnds(t *testing.T) {
	for what, end := range map[string]func(w *world, v *visit){
		"after its time":          func(w *world, _ *visit) { w.clock = w.clock.Add(month + time.Minute) },
		"when the policy ends it": func(w *world, _ *visit) { w.Policy.Rules = nil },
		"when browsers are forgotten": func(w *world, _ *visit) {
			w.write(func(tx *db.Tx) error { return w.Sessions.ForgetBrowsersTx(tx, w.alice.ID, "password") })
		},
		"when she signs out everywhere": func(w *world, _ *visit) {
			w.write(func(tx *db.Tx) error { return w.Sessions.UnwaiveTx(tx, w.alice.ID) })
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.remembering()
				p := w.phone(w.alice)
				first := w.waiving(p)
				end(w, first)
				next := first.anew(nil)
				next.submit("alice", secret)
				next.want(idp.PageMethod)
			})
		})
	}
}

func TestNobodyWaivesWhatPolicyDoesNotOffer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		if err := w.WaiveBrowser(t.Context(), v.l, v.b, v.form(), true); err == nil {
			t.Error("prompts were waived without a rule")
		}
	})
}

func TestTheDevicesAreAskedAtOnceForWhoeverWantsThat(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		must(t, w.MFA.SetAtOnce(t.Context(), w.alice.ID, true))
		v := w.visit("number")
		v.submit("alice", secret)
		st := v.want(idp.PagePending)
		v.passcode(p.answer(protocol.Approve, st.Challenge.MatchNumber))
		v.want(idp.PageDone)

		must(t, w.Devices.SetPush(t.Context(), w.alice.ID, p.begun.DeviceID, false))
		v = w.visit("number")
		v.submit("alice", secret)
		v.want(idp.PageMethod) // nobody to ask
	})
}

func TestOnlyTheChosenDeviceIsAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.phone(w.alice), w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		must(t, w.UseMobile(t.Context(), v.l, v.b, v.form(), second.begun.DeviceID))
		for p, want := range map[*phone]int{first: 0, second: 1} {
			open, err := w.MFA.Requests(t.Context(), p.device())
			if must(t, err); len(open) != want {
				t.Errorf("got %d requests, want %d", len(open), want)
			}
		}
		v = w.visit("number")
		v.submit("alice", secret)
		w.unlock()
		must(t, w.UseMobile(t.Context(), v.l, v.b, v.form(), "dev_of_somebody_else"))
		v.want(idp.PageMethod)
	})
}

func TestTheLastMethodIsRemembered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		for _, want := range []mfa.Method{mfa.MethodPush, mfa.MethodPasscode} {
			v := w.visit("number")
			v.submit("alice", secret)
			if want == mfa.MethodPush {
				v.passcode(p.answer(protocol.Approve, v.ask()))
			} else {
				must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
				v.passcode(p.typed())
			}
			v.want(idp.PageDone)
			next := w.visit("number")
			next.submit("alice", secret)
			if st := next.want(idp.PageMethod); st.Liking.Last != want {
				t.Errorf("got %q, want %q", st.Liking.Last, want)
			}
		}
	})
}

func TestRulesShapeALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		six := 6
		p := w.phone(w.alice)
		group, err := w.Users.AddGroup(t.Context(), "admins")
		must(t, err)
		must(t, w.Users.AddToGroup(t.Context(), group.ID, w.alice.ID))
		w.Policy.Rules = []mfa.Rule{{Name: "admins", Groups: []string{"admins"}, MatchDigits: &six, Session: time.Hour, Methods: []mfa.Method{mfa.MethodPush}}}
		v := w.visit("number")
		v.submit("alice", secret)
		must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
		if f := v.passcode(p.typed()); f != nil {
			t.Error("a typed passcode was accepted where only push is allowed")
		}
		must(t, w.ChooseAgain(t.Context(), v.l, v.b, v.form()))
		number := v.ask()
		if len(number) != 6 {
			t.Errorf("got the number %s, want six digits", number)
		}
		v.passcode(p.answer(protocol.Approve, number))
		held, err := w.Sessions.Find(t.Context(), v.b.SessionToken)
		if must(t, err); held.ExpiresAt.Sub(held.CreatedAt) != time.Hour {
			t.Errorf("the session lasts %s, want 1h", held.ExpiresAt.Sub(held.CreatedAt))
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'login.finished' AND detail LIKE '%rule admins%'"); n != 1 {
			t.Errorf("the journal names the rule %d times, want once", n)
		}
	})
}
