package idp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// "A password alone … never ends a report": not by asking again, and not by having
// asked again before the person looked twice.
func TestALoginThatIsReportedLateIsDeadAsWell(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		v.ask()
		denied := v.standing().Login.ChallengeID
		p.answer(protocol.Deny, "")
		digits := p.answer(protocol.Approve, v.again(w)) // misled into approving the second one
		_, err := w.MFA.Answer(t.Context(), p.device(), protocol.Answer{Challenge: denied, Verdict: protocol.Report}, mfa.Origin{})
		must(t, err)
		if st := v.want(idp.PageReported); st.Challenge.Passcode != "" || st.Challenge.Device != "phone" {
			t.Errorf("the page shows %+v", st.Challenge)
		}
		if f := v.passcode(digits); f != nil {
			t.Errorf("got %+v, want nothing", f)
		}
		v.want(idp.PageReported)
	})
}

func TestALoginThatTypesIsDeadOnceItIsReported(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		v.ask()
		denied := v.standing().Login.ChallengeID
		p.answer(protocol.Deny, "")
		must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
		_, err := w.MFA.Answer(t.Context(), p.device(), protocol.Answer{Challenge: denied, Verdict: protocol.Report}, mfa.Origin{})
		must(t, err)
		if f := v.passcode(p.typed()); f != nil {
			t.Errorf("got %+v, want nothing", f)
		}
		must(t, w.ChooseAgain(t.Context(), v.l, v.b, v.form()))
		v.want(idp.PageReported)
		must(t, w.Cancel(t.Context(), v.l, v.b, v.form()))
		v.want(idp.PageDone)
	})
}

// "It dies on password change, report, device removal": knowing a browser is one
// thing that a report ends, in its own transaction.
func TestAReportForgetsKnownBrowsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.MFA.OnReport = func(tx *db.Tx, r mfa.Report) error { return w.Sessions.ForgetBrowsersTx(tx, r.UserID, "report") }
		p := w.phone(w.alice)
		home := w.visit("number").through(p, "alice")
		stranger := w.visit("number")
		stranger.submit("alice", secret)
		stranger.ask()
		p.answer(protocol.Report, "")
		if _, known, err := w.Sessions.Known(t.Context(), w.alice.ID, home.b.KnownToken); err != nil || known {
			t.Errorf("got known %v, %v, want it forgotten", known, err)
		}
	})
}

func TestAKnownBrowserKeepsItsBudgetWhileStrangersArePaused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		home := w.visit("number").through(p, "alice")
		stranger := w.visit("number")
		stranger.submit("alice", secret)
		stranger.ask()
		p.answer(protocol.Report, "")
		again, _ := w.begin(home.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"login"} }))
		again.through(p, "alice")
		if again.b.KnownToken != home.b.KnownToken {
			t.Error("the browser is known by another token, want the same")
		}
	})
}

// "50 logins begun with the right password and never answered send at most 3
// notifications in ten minutes."
func TestFiftyLoginsThatNobodyAnswersSendThreePrompts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.alice)
		var visits []*visit
		for range 50 {
			v := w.visit("number")
			v.submit("alice", secret)
			visits = append(visits, v)
		}
		forms := make([]string, len(visits))
		for range 11 {
			for i, v := range visits {
				forms[i] = v.form()
			}
			race(len(visits), func(i int) error {
				v := visits[i]
				err := w.UseMobile(t.Context(), v.l, v.b, forms[i], "")
				if err != nil {
					t.Errorf("got %v", err)
				}
				return err
			})
			w.clock = w.clock.Add(time.Minute)
		}
		if n := w.count("SELECT count(*) FROM deliveries"); n != 3 {
			t.Errorf("got %d notifications, want 3", n)
		}
		for _, v := range visits {
			if page := v.standing().Page; page != idp.PagePaused && page != idp.PageExpired {
				t.Fatalf("got page %s, want paused or expired", page)
			}
		}
	})
}

func TestALostAnswerIsRepeatedForItsOwnFormOnly(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		digits, form, before := p.answer(protocol.Approve, v.ask()), v.form(), v.b
		v.passcode(digits)
		for name, token := range map[string]string{"no form": "", "the form of the page that followed": v.form(), "a made up one": "made up"} {
			if f, err := w.SubmitPasscode(t.Context(), v.l, before, token, digits); f != nil || !errors.Is(err, idp.ErrMoved) {
				t.Errorf("%s: got %+v, %v, want ErrMoved", name, f, err)
			}
		}
		if f, err := w.SubmitPasscode(t.Context(), v.l, v.b, form, digits); err != nil || f == nil || f.SessionToken != "" {
			t.Errorf("with the session's cookie: got %+v, %v, want nothing new", f, err)
		}
		w.endSession(v.b.SessionToken)
		if f, err := w.SubmitPasscode(t.Context(), v.l, before, form, digits); f != nil || !errors.Is(err, idp.ErrMoved) {
			t.Errorf("after signing out: got %+v, %v, want ErrMoved", f, err)
		}
	})
}

// Whoever presses twice keeps the answer to the second press.
func TestAFormThatIsSentTwiceGetsItsCookiesTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		digits, form := p.answer(protocol.Approve, v.ask()), v.form()
		got := make([]*idp.Finished, 10)
		for _, err := range race(len(got), func(i int) (err error) {
			got[i], err = w.SubmitPasscode(t.Context(), v.l, v.b, form, digits)
			return err
		}) {
			must(t, err)
		}
		alive := 0
		for _, f := range got {
			if f == nil || f.SessionToken == "" {
				t.Fatalf("got %+v, want a session's cookie for each", f)
			}
			if _, err := w.Sessions.Find(t.Context(), f.SessionToken); err == nil {
				alive++
			} else if !errors.Is(err, session.ErrNone) {
				t.Fatal(err)
			}
		}
		if alive != 1 || w.count("SELECT count(*) FROM sessions") != 1 || w.count("SELECT count(*) FROM codes") != 1 {
			t.Errorf("got %d tokens alive, want the last one of one session with one code", alive)
		}
	})
}
