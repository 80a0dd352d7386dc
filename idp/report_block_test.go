package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
)

const (
	home   = "192.0.2.1"    // where visits come from
	away   = "198.51.100.9" // another network
	beside = "192.0.2.77"   // the same network as home
)

// from begins a visit in a new browser at an address.
func (w *world) from(ip, clientID string) *visit {
	w.t.Helper()
	v, _ := w.begin(idp.Browser{IP: ip, UserAgent: "Firefox on Linux"}, request(clientID, nil))
	return v
}

// reported is a sign-in from an address that alice reports on her phone.
func (w *world) reported(p *phone, ip string) {
	w.t.Helper()
	w.MFA.OnReport = w.ReportedTx
	thief := w.from(ip, "number")
	thief.submit("alice", secret)
	thief.ask()
	p.answer(protocol.Report, "")
	thief.want(idp.PageReported)
	w.clock = w.clock.Add(time.Second)
}

// Requirement 59: account × network × unknown browser is kept out for a day, and it
// looks like any wrong password, in what is shown and in what it costs.
func TestAReportKeepsUnknownBrowsersOutOfItsNetwork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		w.reported(p, beside)
		type work struct{ hashes, entries, guesses int }
		spend := func(name, password string) (got work) {
			v := w.from(home, "number")
			hashes, entries, guesses := w.Hasher.Hashes(), w.count("SELECT count(*) FROM audit"), w.count("SELECT coalesce(sum(failures), 0) FROM guesses")
			v.submit(name, password)
			n := v.want(idp.PageSignIn).Login.Notice
			if n.Kind != idp.Mismatch || n.Username != name {
				t.Errorf("%s: got %+v", name, n)
			}
			return work{int(w.Hasher.Hashes() - hashes), w.count("SELECT count(*) FROM audit") - entries,
				w.count("SELECT coalesce(sum(failures), 0) FROM guesses") - guesses}
		}
		right, wrong, nobody := spend("alice", secret), spend("alice", "wrong"), spend("nobody", secret)
		if right != wrong || right != nobody || right.hashes != 1 {
			t.Errorf("right password: %+v, wrong one: %+v, nobody: %+v", right, wrong, nobody)
		}
		other := w.from(home, "number")
		other.submit("bob", secret)
		other.want(idp.PageMethod)
		elsewhere := w.from(away, "number")
		elsewhere.submit("alice", secret)
		elsewhere.want(idp.PageMethod)

		begunThere, _ := w.begin(idp.Browser{IP: beside, UserAgent: "Firefox on Linux"}, request("number", nil))
		begunThere.b.IP = away // the request came from there, the password from elsewhere
		begunThere.submit("alice", secret)
		begunThere.want(idp.PageSignIn)

		w.clock = w.clock.Add(24 * time.Hour)
		later := w.from(home, "number")
		later.submit("alice", secret)
		later.want(idp.PageMethod)
	})
}

func TestAReportStopsLoginsUnderWayInItsNetwork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		waiting, far := w.from(home, "number"), w.from(away, "number")
		waiting.submit("alice", secret)
		far.submit("alice", secret)
		w.reported(p, beside)
		waiting.want(idp.PageSignIn)
		far.want(idp.PageMethod)
		must(t, w.ChooseTyped(t.Context(), far.l, far.b, far.form()))
		if far.passcode(p.typed()) == nil {
			t.Error("the person cannot sign in from elsewhere")
		}
	})
}

func TestAReportEndsWhatBeganFromItsNetworkWithinTheHour(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		old := w.from(home, "number").through(p, "alice")
		w.clock = w.clock.Add(55 * time.Minute)
		_, err := w.Sessions.Find(t.Context(), old.b.SessionToken)
		must(t, err)
		w.Sessions.Wait()
		w.clock = w.clock.Add(6 * time.Minute)
		fresh, far := w.from(beside, "off"), w.from(away, "off")
		fresh.submit("alice", secret)
		far.submit("alice", secret)
		w.reported(p, beside)
		for name, row := range map[string]struct {
			v    *visit
			ends bool
		}{"the one an hour ago": {old, false}, "the one just now": {fresh, true}, "the one from elsewhere": {far, false}} {
			_, err := w.Sessions.Find(t.Context(), row.v.b.SessionToken)
			if ended := errors.Is(err, session.ErrNone); ended != row.ends {
				t.Errorf("%s: got ended %v, want %v", name, ended, row.ends)
			}
		}
		if n := w.count("SELECT count(*) FROM reports WHERE password_frozen"); n != 1 {
			t.Errorf("got %d reports", n)
		}
	})
}

func TestABrowserThatIsSignedInIsNoStrangerInAReportedNetwork(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		mine := w.from(home, "number").through(p, "alice")
		w.clock = w.clock.Add(59 * time.Minute)
		_, err := w.Sessions.Find(t.Context(), mine.b.SessionToken)
		must(t, err)
		w.Sessions.Wait()
		w.clock = w.clock.Add(2 * time.Minute)
		w.reported(p, beside)
		again, _ := w.begin(mine.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"login"} }))
		again.submit("alice", secret)
		again.want(idp.PageMethod)
	})
}

// "From then on the password alone is worth nothing", also where a client asks for no
// more.
func TestAfterAReportThePasswordAloneIsWorthNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		before := w.from(away, "off")
		before.submit("alice", secret)
		w.reported(p, beside)
		_, answered := w.begin(before.b, request("off", nil))
		if answered != nil {
			t.Error("a session of the password alone is answered")
		}
		v := w.from(away, "off")
		if f := v.submit("alice", secret); f != nil {
			t.Errorf("got %+v", f)
		}
		v.want(idp.PageMethod)
		w.write(func(tx *db.Tx) error { return idp.UnlockReportsTx(tx, w.alice.ID, w.clock) })
		if f := w.from(home, "off").submit("alice", secret); f == nil {
			t.Error("unlocked: the password is still worth nothing")
		}
	})
}

// sure is alice at a page of hers that a report is at stake on, proved by a typed
// passcode.
func (w *world) sure(p *phone, page idp.AccountName) *visit {
	w.t.Helper()
	begun, err := w.BeginAccount(w.t.Context(), idp.Browser{IP: away}, idp.AccountPage{Name: page, Change: true})
	must(w.t, err)
	v := &visit{w, idp.Browser{IP: away, LoginToken: begun.LoginToken}, begun.Login}
	v.submit("alice", secret)
	must(w.t, w.ChooseTyped(w.t.Context(), v.l, v.b, v.form()))
	v.passcode(p.typed())
	return v
}

func TestAFrozenPasswordIsChangedByAnotherFactorThanPush(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.enrol(w.alice, protocol.VerifyPIN)
		early := w.account(idp.Browser{}, idp.AccountPage{Name: idp.AccountPassword, Change: true})
		early.through(p, "alice")
		held, err := w.PasswordHolder(ctx, early.b)
		must(t, err)
		w.clock = w.clock.Add(10 * time.Second)
		w.reported(p, "203.0.113.7")
		if frozen, err := w.PasswordFrozen(ctx, w.alice.ID); err != nil || !frozen {
			t.Fatalf("got frozen %v, %v", frozen, err)
		}
		if err := w.ChangePassword(ctx, held, "a new and even longer passphrase", idp.StaySignedIn); !errors.Is(err, idp.ErrSignIn) {
			t.Errorf("by the factor from before: got %v, want to sign in", err)
		}
		if _, err := w.PasswordHolder(ctx, early.b); !errors.Is(err, idp.ErrSignIn) {
			t.Errorf("the session from before: got %v, want to sign in", err)
		}
		v := w.sure(p, idp.AccountPassword)
		v.want(idp.PageDone)
		held, err = w.PasswordHolder(ctx, v.b)
		must(t, err)
		must(t, w.ChangePassword(ctx, held, "a new and even longer passphrase", idp.StaySignedIn))
		if frozen, _ := w.PasswordFrozen(ctx, w.alice.ID); frozen {
			t.Error("the new password is frozen")
		}
	})
}

func TestThePersonLiftsAReportByAnotherFactorThanPush(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(w.alice)
		w.reported(p, beside)
		v := w.sure(p, idp.AccountDevices)
		h, err := w.Holder(ctx, v.b)
		must(t, err)
		all, err := w.Reports(ctx, h)
		must(t, err)
		if len(all) != 1 || all[0].IP != beside || !all[0].Blocks(w.clock) || all[0].DeviceID != p.begun.DeviceID {
			t.Fatalf("got %+v", all)
		}
		f, err := w.ReportHolder(ctx, v.b)
		must(t, err)
		if err := w.LiftReport(ctx, f, "rep_other"); !errors.Is(err, idp.ErrNoReport) {
			t.Errorf("another report: got %v", err)
		}
		must(t, w.LiftReport(ctx, f, all[0].ID))
		if err := w.LiftReport(ctx, f, all[0].ID); !errors.Is(err, idp.ErrNoReport) {
			t.Errorf("twice: got %v", err)
		}
		back := w.from(home, "number")
		back.submit("alice", secret)
		back.want(idp.PageMethod)
		if frozen, _ := w.PasswordFrozen(ctx, w.alice.ID); !frozen {
			t.Error("lifting made the password good again")
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action IN ('report.made', 'report.lifted')"); n != 2 {
			t.Errorf("got %d entries, want 2", n)
		}
	})
}

func TestPushDoesNotLiftAReport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		w.reported(p, beside)
		w.unlock() // the pause of push is over
		v := w.from(away, "number").through(p, "alice")
		if _, err := w.ReportHolder(t.Context(), v.b); !errors.Is(err, idp.ErrSignIn) {
			t.Errorf("got %v, want to sign in by another factor", err)
		}
		page := w.account(v.b, idp.AccountPage{Name: idp.AccountReports, Change: true})
		page.b.IP = away
		page.submit("alice", secret)
		if st := page.want(idp.PageMethod); len(st.Ways.Push) != 0 || !st.Ways.Typed {
			t.Errorf("got ways %+v, want no push", st.Ways)
		}
	})
}

// "It was me, cancel" only cancels.
func TestCancellingIsNoReport(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.MFA.OnReport = w.ReportedTx
		w.phone(w.alice)
		v := w.from(home, "number")
		v.submit("alice", secret)
		v.ask()
		must(t, w.Cancel(t.Context(), v.l, v.b, v.form()))
		if n := w.count("SELECT count(*) FROM reports"); n != 0 {
			t.Errorf("got %d reports", n)
		}
	})
}
