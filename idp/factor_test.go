package idp_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
)

func TestOnePasscodeMakesOneSessionAndOneCode(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		digits := p.answer(protocol.Approve, v.ask())
		form := v.form()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if _, err := w.SubmitPasscode(t.Context(), v.l, v.b, form, digits); err != nil && !errors.Is(err, idp.ErrMoved) {
					t.Errorf("got %v", err)
				}
			})
		}
		wg.Wait()
		v.want(idp.PageDone)
		if s, c := w.count("SELECT count(*) FROM sessions"), w.count("SELECT count(*) FROM codes"); s != 1 || c != 1 {
			t.Errorf("got %d sessions and %d codes, want one each", s, c)
		}
	})
}

func TestALostAnswerIsNoLostLogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		digits, form, before := p.answer(protocol.Approve, v.ask()), v.form(), v.b
		first, err := w.SubmitPasscode(t.Context(), v.l, before, form, digits)
		must(t, err)
		code := w.told(v.standing().Login).Code
		w.clock = w.clock.Add(59 * time.Second)
		again, err := w.SubmitPasscode(t.Context(), v.l, before, form, digits) // the cookies never arrived
		must(t, err)
		if again == nil || again.SessionToken == "" || again.SessionToken == first.SessionToken {
			t.Fatalf("got %+v, want another token for the same session", again)
		}
		if _, err := w.Sessions.Find(t.Context(), first.SessionToken); !errors.Is(err, session.ErrNone) {
			t.Errorf("the token that was lost: got %v, want it worthless", err)
		}
		if got := w.told(v.standing().Login).Code; got != code {
			t.Error("the code changed")
		}
		if _, err := w.SubmitPasscode(t.Context(), v.l, idp.Browser{}, form, digits); !errors.Is(err, idp.ErrElsewhere) {
			t.Errorf("another browser: got %v, want ErrElsewhere", err)
		}
		w.clock = w.clock.Add(2 * time.Second)
		if f, err := w.SubmitPasscode(t.Context(), v.l, before, form, digits); f != nil || !errors.Is(err, idp.ErrMoved) {
			t.Errorf("after a minute: got %+v, %v, want ErrMoved", f, err)
		}
	})
}

func TestEachAuthenticationIsANewSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, q := w.phone(w.alice), w.phone(w.bob)
		first := w.visit("number").through(p, "alice")
		again, _ := w.begin(first.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"login"} }))
		again.through(p, "alice")
		if _, err := w.Sessions.Find(t.Context(), first.b.SessionToken); !errors.Is(err, session.ErrNone) {
			t.Errorf("the session before: got %v, want it ended", err)
		}
		alice, err := w.Sessions.Find(t.Context(), again.b.SessionToken)
		must(t, err)
		other, _ := w.begin(again.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"login"} }))
		other.through(q, "bob")
		bob, err := w.Sessions.Find(t.Context(), other.b.SessionToken)
		must(t, err)
		if bob.UserID != w.bob.ID || bob.SID == alice.SID {
			t.Errorf("got %+v after %+v", bob, alice)
		}
		if _, err := w.Sessions.Find(t.Context(), again.b.SessionToken); !errors.Is(err, session.ErrNone) {
			t.Errorf("alice's session: got %v, want it ended", err)
		}
	})
}

func TestWhoTakesOverABrowserTakesNothingWithIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p, q := w.phone(w.alice), w.phone(w.bob)
		alice, _ := w.begin(idp.Browser{}, request("number", func(r *idp.AuthRequest) { r.Scopes = []string{"profile"} }))
		alice.through(p, "alice")
		c, err := w.Clients.Get(t.Context(), "number")
		must(t, err)
		issued, err := w.Tokens.Redeem(t.Context(), c, w.told(alice.standing().Login).Code, callback, "", token.Asked{})
		must(t, err)
		again, _ := w.begin(alice.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"login"} }))
		again.through(p, "alice")
		if _, err := w.Tokens.Access(t.Context(), issued.AccessToken); err != nil {
			t.Errorf("alice again: got %v, want her token to live on", err)
		}
		bob, _ := w.begin(again.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"login"} }))
		bob.through(q, "bob")
		if _, err := w.Tokens.Access(t.Context(), issued.AccessToken); !errors.Is(err, token.ErrNone) {
			t.Errorf("after bob: got %v, want ErrNone", err)
		}
	})
}

func TestAPasswordAloneMakesNoBrowserKnown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("off")
		if f := v.submit("alice", secret); f == nil || f.KnownToken != "" {
			t.Errorf("got %+v", f)
		}
		if v := w.visit("number").through(w.phone(w.alice), "alice"); v.b.KnownToken == "" {
			t.Error("a whole login did not make the browser known")
		}
	})
}

func TestCancellingTellsTheClientAndThePhone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		v.ask()
		must(t, w.Cancel(t.Context(), v.l, v.b, v.form()))
		if r := w.told(v.want(idp.PageDone).Login); r.Err == nil || r.Err.Code != idp.AccessDenied {
			t.Errorf("got %+v", r)
		}
		if open, err := w.MFA.Requests(t.Context(), p.device()); err != nil || len(open) != 0 {
			t.Errorf("the phone still asks: %v, %v", open, err)
		}
	})
}

func TestAReportedLoginIsDead(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		v.ask()
		p.answer(protocol.Report, "")
		v.want(idp.PageReported)
		w.clock = w.clock.Add(5 * time.Minute)
		must(t, w.UseMobile(t.Context(), v.l, v.b, v.form(), ""))
		must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
		v.passcode(p.typed())
		v.want(idp.PageReported)
		next := w.visit("number")
		next.submit("alice", secret)
		must(t, w.UseMobile(t.Context(), next.l, next.b, next.form(), ""))
		next.want(idp.PagePaused) // until a second factor other than push
	})
}

func TestALoginRunsOutOfTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("number")
		w.clock = w.clock.Add(15 * time.Minute)
		v.want(idp.PageOver)
		if _, err := w.SubmitPassword(t.Context(), v.l, v.b, v.form(), "alice", secret); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %v, want ErrMoved", err)
		}
	})
}

func TestATypedPasscodeWorksOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		type_ := func() *visit {
			v := w.visit("number")
			v.submit("alice", secret)
			must(t, w.ChooseTyped(t.Context(), v.l, v.b, v.form()))
			v.want(idp.PageTyped)
			return v
		}
		digits := p.typed()
		v := type_()
		v.passcode(digits)
		v.want(idp.PageDone)
		v = type_()
		v.passcode(digits)
		if st := v.want(idp.PageTyped); st.Login.Notice.Kind != idp.WrongPasscode {
			t.Errorf("the same digits again: got %+v", st.Login.Notice)
		}
		must(t, w.ChooseAgain(t.Context(), v.l, v.b, v.form()))
		v.want(idp.PageMethod)
	})
}

// "A page cannot claim success; it can only ask", and asking changes nothing.
func TestLookingChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		look := func(page idp.Page) {
			t.Helper()
			before, entries := w.login(v.l), w.count("SELECT count(*) FROM audit")
			for range 20 {
				v.want(page)
			}
			if w.login(v.l) != before || entries != w.count("SELECT count(*) FROM audit") {
				t.Errorf("%s: looking changed something", page)
			}
		}
		look(idp.PageSignIn)
		v.submit("alice", secret)
		look(idp.PageMethod)
		number := v.ask()
		look(idp.PagePending)
		digits := p.answer(protocol.Approve, number)
		look(idp.PageApproved)
		v.passcode(digits)
		look(idp.PageDone)
	})
}

func BenchmarkLogin(b *testing.B) {
	d, err := db.Open(b.Context(), b.TempDir()+"/nod.db")
	must(b, err)
	b.Cleanup(func() { _ = d.Close() })
	w := newWorld(b, d)
	p := w.phone(w.alice)
	for b.Loop() {
		w.visit("number").through(p, "alice")
		w.clock = w.clock.Add(11 * time.Second)
	}
}
