package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/session"
)

// stepUp is a login that took its password from a session and waits for the factor.
func (w *world) stepUp() *visit {
	w.t.Helper()
	v := w.visit("off")
	v.submit("alice", secret)
	up, answered := w.begin(v.b, request("number", nil))
	if answered != nil {
		w.t.Fatalf("answered at once: %+v", answered)
	}
	up.want(idp.PageMethod)
	return up
}

func (w *world) endSession(token string) {
	w.t.Helper()
	held, err := w.Sessions.Find(w.t.Context(), token)
	must(w.t, err)
	_, err = w.Sessions.End(w.t.Context(), held.ID, session.LoggedOut)
	must(w.t, err)
}

func TestAPasswordTakenFromASessionEndsWithIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		up := w.stepUp()
		digits := p.answer(protocol.Approve, up.ask())
		form := up.form()
		w.endSession(up.b.SessionToken)
		if f, err := w.SubmitPasscode(t.Context(), up.l, up.b, form, digits); f != nil || !errors.Is(err, idp.ErrMoved) {
			t.Errorf("the passcode after signing out: got %+v, %v, want ErrMoved", f, err)
		}
		st := up.want(idp.PageSignIn)
		if st.UserName != "" || st.Challenge.Passcode != "" || st.Login.UserID != "" {
			t.Errorf("the page still shows %+v", st)
		}
		up.submit("alice", secret)
		up.want(idp.PageMethod) // the approval of the former attempt is worth nothing
		up.passcode(p.answer(protocol.Approve, up.again(w)))
		up.want(idp.PageDone)
	})
}

// again asks once the wait is over.
func (v *visit) again(w *world) string {
	w.clock = w.clock.Add(10 * time.Second)
	return v.ask()
}

// A phone that approved for one person must not sign in another who took over the
// browser.
func TestAnApprovalIsNotInheritedByWhoSignsInNext(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		w.phone(w.bob)
		up := w.stepUp()
		digits := p.answer(protocol.Approve, up.ask())
		w.endSession(up.b.SessionToken)
		up.submit("bob", secret)
		up.want(idp.PageMethod)
		if f := up.passcode(digits); f != nil {
			t.Errorf("alice's passcode signed in bob: %+v", f)
		}
		if n := w.count("SELECT count(*) FROM challenges WHERE state <> 'withdrawn'"); n != 0 {
			t.Errorf("got %d requests of alice's left, want it withdrawn", n)
		}
		if n := w.count("SELECT count(*) FROM codes WHERE user_id = $1", w.bob.ID); n != 0 {
			t.Errorf("got %d codes for bob, want none", n)
		}
	})
}

func TestASessionThatEndsWhileThePasscodeIsCheckedFinishesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		up := w.stepUp()
		digits, form := p.answer(protocol.Approve, up.ask()), up.form()
		now, ended := w.Now, false
		w.Now = func() time.Time { // asked after the session was found alive and before anything is stored
			if !ended {
				ended = true
				w.endSession(up.b.SessionToken)
			}
			return now()
		}
		if f, err := w.SubmitPasscode(t.Context(), up.l, up.b, form, digits); f != nil || !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %+v, %v, want ErrMoved", f, err)
		}
		if n := w.count("SELECT count(*) FROM codes WHERE client_id = 'number'"); n != 0 {
			t.Errorf("got %d codes, want none", n)
		}
	})
}

// "No token without every step Next demanded", also when it is demanded late.
func TestADemandThatWasRaisedMeanwhileIsMet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("push")
		v.submit("alice", secret)
		digits := p.answer(protocol.Approve, v.ask())
		_, err := w.Clients.Set(t.Context(), "push", func(c *client.Client) error {
			c.SecondFactor = client.FactorPushNumber
			return nil
		})
		must(t, err)
		for deadline := time.Now().Add(5 * time.Second); ; { // the cache of clients is at most a second old
			if c, err := w.Clients.Get(t.Context(), "push"); err == nil && c.SecondFactor == client.FactorPushNumber || time.Now().After(deadline) {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		if f := v.passcode(digits); f != nil {
			t.Errorf("an approval without a number finished the login: %+v", f)
		}
		v.want(idp.PageMethod)
		if n := w.count("SELECT count(*) FROM codes"); n != 0 {
			t.Errorf("got %d codes, want none", n)
		}
		v.passcode(p.answer(protocol.Approve, v.again(w)))
		v.want(idp.PageDone)
	})
}

func TestALoginOfAClientThatWasRemovedIsOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		digits, form := p.answer(protocol.Approve, v.ask()), v.form()
		must(t, w.Clients.Remove(t.Context(), "number"))
		for deadline := time.Now().Add(5 * time.Second); v.standing().Page != idp.PageOver && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		v.want(idp.PageOver)
		if f, err := w.SubmitPasscode(t.Context(), v.l, v.b, form, digits); f != nil || !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %+v, %v, want ErrMoved", f, err)
		}
		if n := w.count("SELECT count(*) FROM codes"); n != 0 {
			t.Errorf("got %d codes, want none", n)
		}
	})
}

func TestASessionThatEndsWhileItAnswersLeadsToTheLoginPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for range 10 {
			v := w.visit("off")
			v.submit("alice", secret)
			held, err := w.Sessions.Find(t.Context(), v.b.SessionToken)
			must(t, err)
			done := make(chan error, 1)
			go func() {
				_, err := w.Sessions.End(t.Context(), held.ID, session.LoggedOut)
				done <- err
			}()
			next, answered := w.begin(v.b, request("off", nil))
			must(t, <-done)
			if answered == nil {
				next.want(idp.PageSignIn)
			} else if answered.Err != nil || answered.Code == "" {
				t.Errorf("got %+v, want a code or the login page", answered)
			}
		}
	})
}

func TestMaxAgeZeroAsksForANewProofAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("off")
		v.submit("alice", secret)
		for _, age := range []int64{0, -1} {
			next, answered := w.begin(v.b, request("off", func(r *idp.AuthRequest) { r.MaxAge = &age }))
			if answered != nil {
				t.Fatalf("max_age=%d: answered at once", age)
			}
			next.want(idp.PageSignIn)
		}
		age := int64(1) << 62 // more seconds than a duration holds
		if _, answered := w.begin(v.b, request("off", func(r *idp.AuthRequest) { r.MaxAge = &age })); answered == nil {
			t.Error("an age that is never reached asked for a new proof")
		}
	})
}
