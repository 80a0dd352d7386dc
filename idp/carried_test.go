package idp_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// Whoever only asks for the page of a sign-in, as every crawler can, has nothing written.
func TestTheFirstStepKeepsALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		entries := w.count("SELECT count(*) FROM audit")
		v := w.visit("off")
		if st := v.want(idp.PageSignIn); st.Login.Reference() != v.l || st.Login.ID != idp.IDOf(v.l) || st.Login.ID == v.l {
			t.Errorf("got %q for %q", st.Login.Reference(), v.l)
		}
		if n := w.count("SELECT count(*) FROM logins"); n != 0 || w.count("SELECT count(*) FROM audit") != entries {
			t.Errorf("got %d logins, want nothing written", n)
		}
		w.clock = w.clock.Add(time.Minute)
		v.submit("alice", "wrong")
		if st := v.want(idp.PageSignIn); st.Login.Reference() != st.Login.ID || st.Login.Version != 1 || st.Login.Notice.Kind != idp.Mismatch ||
			!st.Login.CreatedAt.Equal(w.clock.Add(-time.Minute)) || st.Login.Request.State != "s" {
			t.Errorf("got %+v", st.Login)
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'login.begun'"); n != 1 {
			t.Errorf("got %d entries, want one login begun", n)
		}
		v.submit("alice", secret)
		v.want(idp.PageDone) // at the address that it had in the beginning too
	})
}

func TestOfTwoFirstStepsOneCounts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("off")
		form := v.form()
		done, failures := 0, race(16, func(i int) error {
			if i%4 == 3 {
				return w.Cancel(t.Context(), v.l, v.b, form)
			}
			f, err := w.SubmitPassword(t.Context(), v.l, v.b, form, "alice", secret)
			if err == nil && f == nil {
				return errors.New("not finished")
			}
			return err
		})
		for _, err := range failures {
			if err == nil {
				done++
			} else if !errors.Is(err, idp.ErrMoved) {
				t.Errorf("got %v, want ErrMoved", err)
			}
		}
		kept, ended := w.count("SELECT count(*) FROM logins"), w.count("SELECT count(*) FROM audit WHERE action IN ('login.finished', 'login.ended')")
		if done != 1 || kept != 1 || ended != 1 {
			t.Errorf("got %d steps, %d logins and %d ends, want one of each", done, kept, ended)
		}
	})
}

func TestACarriedLoginIsItsBrowsersAndOfItsTime(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, other := w.visit("off"), w.visit("off")
		if _, err := w.Standing(t.Context(), v.l, other.b); !errors.Is(err, idp.ErrElsewhere) {
			t.Errorf("another browser: got %v", err)
		}
		_, seal, _ := strings.Cut(v.l, ".")
		changed := []byte(v.l)
		changed[len(changed)-8] ^= 1
		for name, reference := range map[string]string{
			"changed":           string(changed),
			"another id":        idp.IDOf(other.l) + "." + seal,
			"no seal":           idp.IDOf(v.l),
			"an empty seal":     idp.IDOf(v.l) + ".",
			"half a seal":       v.l[:len(v.l)-40],
			"other base64 bits": v.l + "=",
		} {
			if _, err := w.Standing(t.Context(), reference, v.b); !errors.Is(err, idp.ErrNoLogin) {
				t.Errorf("%s: got %v, want ErrNoLogin", name, err)
			}
		}
		w.clock = w.clock.Add(15 * time.Minute)
		v.want(idp.PageOver)
		if _, err := w.SubmitPassword(t.Context(), v.l, v.b, v.form(), "alice", secret); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("too late: got %v, want ErrMoved", err)
		}
		w.Epoch++
		if _, err := w.Standing(t.Context(), other.l, other.b); !errors.Is(err, idp.ErrNoLogin) {
			t.Errorf("after a restore: got %v, want ErrNoLogin", err)
		}
	})
}

func TestALoginThatIsKnownElsewhereOrTooLongIsKeptAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*idp.AuthRequest){
			"others know its id": func(r *idp.AuthRequest) { r.Kept = true },
			"long":               func(r *idp.AuthRequest) { r.State = strings.Repeat("s", 1200) },
		} {
			v, _ := w.begin(idp.Browser{}, request("off", change))
			if v.l != idp.IDOf(v.l) || w.login(v.l) == "" {
				t.Errorf("%s: got %q, want it kept", name, v.l)
			}
			v.want(idp.PageSignIn)
		}
		longest, _ := w.begin(idp.Browser{}, request("off", func(r *idp.AuthRequest) { r.State = strings.Repeat("s", 700) }))
		if len(longest.l) > 2000 {
			t.Errorf("got a reference of %d bytes, want an address that fits everywhere", len(longest.l))
		}
	})
}

func FuzzACarriedLogin(f *testing.F) {
	w := newWorld(f, dbtest.SQLite(f))
	v := w.visit("off")
	f.Add(v.l)
	f.Add(idp.IDOf(v.l) + ".")
	f.Add("log_a." + strings.Repeat("A", 300))
	f.Add(v.l + "." + v.l)
	f.Fuzz(func(t *testing.T, reference string) {
		st, err := w.Standing(t.Context(), reference, v.b)
		if err == nil && st.Login.ID != idp.IDOf(v.l) {
			t.Errorf("%q: got the login %q", reference, st.Login.ID)
		}
		if err != nil && !errors.Is(err, idp.ErrNoLogin) && !errors.Is(err, idp.ErrElsewhere) {
			t.Errorf("%q: got %v", reference, err)
		}
	})
}
