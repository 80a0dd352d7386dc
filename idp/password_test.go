package idp_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
)

// Requirement 45: unknown, wrong, disabled and without a password are the same page
// and the same work.
func TestWhyASignInFailedDoesNotShow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		must(t, w.Users.Disable(t.Context(), w.bob.ID))
		_, err := w.Users.Add(t.Context(), user.New{Name: "carol"}) // no password
		must(t, err)
		work := map[string]int64{}
		for name, password := range map[string]string{"alice": "wrong", "nobody": "wrong", "bob": secret, "carol": "wrong"} {
			v := w.visit("number")
			hashes, entries, guesses := w.Hasher.Hashes(), w.count("SELECT count(*) FROM audit"), w.count("SELECT count(*) FROM guesses")
			ctx, statements := db.Counted(t.Context())
			_, err := v.w.SubmitPassword(ctx, v.l, v.b, v.form(), name, password)
			must(t, err)
			work[name] = statements.Load()
			st := v.want(idp.PageSignIn)
			if st.Login.Notice.Kind != idp.Mismatch || st.Login.Notice.Username != name || st.UserName != "" || st.Login.UserID != "" {
				t.Errorf("%s: got %+v", name, st.Login)
			}
			if got := w.Hasher.Hashes() - hashes; got != 1 {
				t.Errorf("%s: got %d hashes, want 1", name, got)
			}
			if got := w.count("SELECT count(*) FROM audit") - entries; got != 2 { // the login begins with its first step
				t.Errorf("%s: got %d journal entries, want 2", name, got)
			}
			if got := w.count("SELECT count(*) FROM guesses") - guesses; got != 2 {
				t.Errorf("%s: got %d counts, want 2", name, got)
			}
		}
		for name, n := range work {
			if n != work["alice"] {
				t.Errorf("%s: got %d statements, want %d as for a wrong password", name, n, work["alice"])
			}
		}
	})
}

func TestEverySpellingSharesOneCount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, name := range []string{"alice", "ALICE", " alice ", "alice@example.com", "ａｌｉｃｅ"} {
			w.visit("number").submit(name, "wrong")
		}
		v := w.visit("number")
		v.submit("Alice", secret)
		if st := v.want(idp.PageSignIn); st.Login.Notice.Kind != idp.Wait {
			t.Errorf("the sixth try: got %+v, want to wait", st.Login.Notice)
		}
	})
}

func TestManyGoodLoginsOfOnePersonAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		for range 20 {
			v := w.visit("off")
			form := v.form()
			wg.Go(func() {
				f, err := w.SubmitPassword(t.Context(), v.l, v.b, form, "alice", secret)
				if err != nil || f == nil {
					t.Errorf("got %+v, %v", f, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestOnePasswordFormMovesALoginOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("off")
		form := v.form()
		var wg sync.WaitGroup
		var mu sync.Mutex
		moved := 0
		for range 20 {
			wg.Go(func() {
				f, err := w.SubmitPassword(t.Context(), v.l, v.b, form, "alice", secret)
				mu.Lock()
				defer mu.Unlock()
				if f != nil {
					moved++
				} else if !errors.Is(err, idp.ErrMoved) {
					t.Errorf("got %v, want ErrMoved", err)
				}
			})
		}
		wg.Wait()
		if moved != 1 || w.count("SELECT count(*) FROM sessions") != 1 || w.count("SELECT count(*) FROM codes") != 1 {
			t.Errorf("got %d finished, want one session and one code", moved)
		}
	})
}

// "An approval counts only for the browser that asked", and so does every step.
func TestOnlyTheBrowserThatBeganGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		v.ask()
		form, other := v.form(), w.visit("number")
		for name, b := range map[string]idp.Browser{"no cookie": {}, "another browser": other.b, "a forged cookie": {LoginToken: "nlg_forged"}} {
			ctx := t.Context()
			_, standing := w.Standing(ctx, v.l, b)
			_, password := w.SubmitPassword(ctx, v.l, b, form, "alice", secret)
			_, passcode := w.SubmitPasscode(ctx, v.l, b, form, "123456")
			for step, err := range map[string]error{
				"standing": standing, "password": password, "passcode": passcode,
				"mobile": w.UseMobile(ctx, v.l, b, form, ""), "typed": w.ChooseTyped(ctx, v.l, b, form),
				"choose": w.ChooseAgain(ctx, v.l, b, form), "cancel": w.Cancel(ctx, v.l, b, form),
			} {
				if !errors.Is(err, idp.ErrElsewhere) {
					t.Errorf("%s, %s: got %v, want ErrElsewhere", name, step, err)
				}
			}
		}
		v.want(idp.PagePending)
	})
}

func TestAStaleFormChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.phone(w.alice)
		v := w.visit("number")
		stale := v.form()
		v.submit("alice", secret)
		for _, form := range []string{stale, "made up", ""} {
			v.wantUnmoved(idp.PageMethod, form)
		}
		must(t, w.ChooseTyped(ctx, v.l, v.b, v.form()))
		v.wantUnmoved(idp.PageTyped, stale)
		w.clock = w.clock.Add(time.Hour)
		v.wantUnmoved(idp.PageOver, stale)
		if n := w.count("SELECT count(*) FROM challenges"); n != 0 {
			t.Errorf("got %d challenges, want none", n)
		}
	})
}

// wantUnmoved demands that no step takes this form and that none leaves a trace.
func (v *visit) wantUnmoved(page idp.Page, form string) {
	v.w.t.Helper()
	ctx := v.w.t.Context()
	row, entries := v.w.login(v.l), v.w.count("SELECT count(*) FROM audit")
	_, password := v.w.SubmitPassword(ctx, v.l, v.b, form, "alice", secret)
	_, passcode := v.w.SubmitPasscode(ctx, v.l, v.b, form, "123456")
	for step, err := range map[string]error{
		"password": password, "passcode": passcode,
		"mobile": v.w.UseMobile(ctx, v.l, v.b, form, ""), "typed": v.w.ChooseTyped(ctx, v.l, v.b, form),
		"choose": v.w.ChooseAgain(ctx, v.l, v.b, form), "cancel": v.w.Cancel(ctx, v.l, v.b, form),
	} {
		if !errors.Is(err, idp.ErrMoved) {
			v.w.t.Errorf("%s, %s: got %v, want ErrMoved", page, step, err)
		}
	}
	v.want(page)
	if v.w.login(v.l) != row || v.w.count("SELECT count(*) FROM audit") != entries {
		v.w.t.Errorf("%s: a form that was refused changed something", page)
	}
}
