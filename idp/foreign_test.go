package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// fromElsewhere is a browser that another issuer sent, for alice.
func (w *world) fromElsewhere(b idp.Browser, methods ...mfa.Method) *visit {
	w.t.Helper()
	if methods == nil {
		methods = []mfa.Method{mfa.MethodPush, mfa.MethodPasscode, mfa.MethodPasskey}
	}
	req := idp.AuthRequest{RedirectURI: callback, ResponseType: "id_token", ResponseMode: "form_post", Foreign: &idp.Foreign{Subject: "s", Object: "o", Methods: methods}}
	b.IP, b.UserAgent = "192.0.2.1", "Firefox on Linux"
	begun, err := w.BeginForeign(w.t.Context(), "entra:ent_1", w.alice.ID, req, w.clock.Add(5*time.Minute), b, func(*db.Tx) error { return nil })
	must(w.t, err)
	if begun.LoginToken != "" {
		b.LoginToken = begun.LoginToken
	}
	return &visit{w, b, begun.Login}
}

func TestALoginFromElsewhereMakesNoSessionAndUsesNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		here := w.visit("number").through(p, "alice")
		w.clock = w.clock.Add(time.Minute)
		v := w.fromElsewhere(here.b)
		st := v.want(idp.PageMethod) // the session proves enough, and counts for nothing
		if st.Ways.Recovery || st.Terms.Remember != 0 || st.Login.KnownBrowser != "" || st.ClientName != idp.ForeignName {
			t.Errorf("got %+v", st)
		}
		if _, err := w.SubmitPassword(t.Context(), v.l, v.b, v.form(), "alice", secret); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("a password: got %v", err)
		}
		finished := v.passcode(p.answer(protocol.Approve, v.ask()))
		if finished == nil || finished.SessionToken != "" || finished.KnownToken != "" {
			t.Errorf("got %+v", finished)
		}
		if n := w.count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"); n != 1 {
			t.Errorf("got %d open sessions, want the one from before", n)
		}
		if st := v.standing(); st.Login.Evidence.MFA() || len(st.Login.Evidence.AMR()) == 0 || st.Login.Evidence.AMR()[0] == "pwd" {
			t.Errorf("got the evidence %+v", st.Login.Evidence)
		}
		again, answered := w.begin(here.b, request("number", nil))
		if answered == nil {
			t.Errorf("the session ended: %s", again.standing().Page)
		}
	})
}

// A passkey is a second factor there as everywhere, makes no session either, and belongs to
// the person whom the other issuer named.
func TestAPasskeyIsTheSecondFactorOfALoginFromElsewhere(t *testing.T) {
	eachWithPasskeys(t, func(t *testing.T, w *world) {
		mine, carlas := w.key(w.alice), w.key(w.person("carla"))
		v := w.fromElsewhere(idp.Browser{})
		if st := v.want(idp.PageMethod); !st.Ways.Passkey {
			t.Fatalf("offered: %+v", st.Ways)
		}
		if f := v.passkey(v.signed(carlas)); f != nil {
			t.Errorf("by somebody else's: got %+v", f)
		}
		f := v.passkey(v.signed(mine))
		if f == nil || f.SessionToken != "" || f.KnownToken != "" {
			t.Errorf("got %+v", f)
		}
		st := v.want(idp.PageDone)
		if idp.ProvedBy(st.Login.Evidence) != mfa.MethodPasskey || w.count("SELECT count(*) FROM sessions") != 0 {
			t.Errorf("got %+v", st.Login.Evidence)
		}

		without := w.fromElsewhere(idp.Browser{}, mfa.MethodPush)
		if st := without.want(idp.PageMethod); st.Ways.Passkey {
			t.Error("a passkey is offered where it is no answer")
		}
	})
}

func TestOfManyHandsOneFinishesALoginFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.fromElsewhere(idp.Browser{})
		passcode := p.answer(protocol.Approve, v.ask())
		form := v.form()
		race(12, func(int) error {
			_, err := w.SubmitPasscode(t.Context(), v.l, v.b, form, passcode)
			return err
		})
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'login.finished'"); n != 1 {
			t.Errorf("it was finished %d times", n)
		}
	})
}

func TestOnlyTheAdministratorClearsAReportOfALoginFromElsewhere(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.MFA.OnReport = w.ReportedTx
		p := w.phone(w.alice)
		v := w.fromElsewhere(idp.Browser{})
		other := w.fromElsewhere(idp.Browser{})
		v.ask()
		p.answer(protocol.Report, "")
		v.want(idp.PageReported)
		other.want(idp.PageReported)
		w.clock = w.clock.Add(25 * time.Hour)
		w.write(func(tx *db.Tx) error { return idp.ThawPasswordTx(tx, w.alice.ID) }) // another password here
		later := w.fromElsewhere(idp.Browser{})
		later.want(idp.PageReported)
		if _, err := w.SubmitPasscode(t.Context(), later.l, later.b, later.form(), "000000"); err != nil {
			t.Error(err)
		}
		if frozen, err := w.PasswordFrozen(t.Context(), w.alice.ID); err != nil || frozen {
			t.Errorf("the password here is frozen: %v", err)
		}
		w.unlock()
		w.write(func(tx *db.Tx) error { return idp.UnlockReportsTx(tx, w.alice.ID, w.clock) })
		w.fromElsewhere(idp.Browser{}).want(idp.PageMethod)
	})
}

func TestALoginFromElsewhereGoesToTheBrowserThatBroughtItsTicket(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.alice)
		here := w.visit("number")
		v := w.fromElsewhere(idp.Browser{}) // a form from another site brings no cookies
		ticket := v.b.LoginToken
		token, err := w.Arrive(t.Context(), v.l, "nlg_wrong", here.b)
		if err != nil || token != "" {
			t.Errorf("with another ticket: got %q, %v", token, err)
		}
		if token, err = w.Arrive(t.Context(), v.l, ticket, here.b); err != nil || token != "" {
			t.Errorf("got %q, %v", token, err)
		}
		if _, err := w.Standing(t.Context(), v.l, v.b); !errors.Is(err, idp.ErrElsewhere) {
			t.Errorf("the ticket still opens it: %v", err)
		}
		v.b = here.b
		v.want(idp.PageMethod)
		here.want(idp.PageSignIn)
		fresh := w.fromElsewhere(idp.Browser{})
		if token, err := w.Arrive(t.Context(), fresh.l, fresh.b.LoginToken, idp.Browser{}); err != nil || token != fresh.b.LoginToken {
			t.Errorf("a browser without a cookie: got %q, %v", token, err)
		}
	})
}
