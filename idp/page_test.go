package idp_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db"
)

// "A page cannot claim success; it can only ask": each page is what the rows say, and
// being shown it changes none of them.
func TestEachEndOfARequestHasItsPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		p := w.phone(w.alice)
		for want, end := range map[idp.Page]func(v *visit){
			idp.PageSignIn:  nil,
			idp.PageMethod:  func(*visit) {},
			idp.PageTyped:   func(v *visit) { must(t, w.ChooseTyped(ctx, v.l, v.b, v.form())) },
			idp.PagePending: func(v *visit) { v.ask() },
			idp.PageApproved: func(v *visit) {
				p.answer(protocol.Approve, v.ask())
			},
			idp.PageDenied: func(v *visit) {
				v.ask()
				p.answer(protocol.Deny, "")
			},
			idp.PageReported: func(v *visit) {
				v.ask()
				p.answer(protocol.Report, "")
			},
			idp.PageExpired: func(v *visit) {
				v.ask()
				w.clock = w.clock.Add(2 * time.Minute)
			},
			idp.PageSuperseded: func(v *visit) {
				v.ask()
				w.clock = w.clock.Add(10 * time.Second)
				second, _ := w.begin(v.b, request("number", nil))
				second.submit("alice", secret)
				second.ask()
			},
			idp.PageFailed: func(v *visit) {
				number := []byte(v.ask())
				number[0] = '0' + (number[0]-'0'+1)%10
				for range 3 {
					if _, err := p.attempt(protocol.Approve, string(number)); !errors.Is(err, protocol.ErrWrongNumber) {
						t.Errorf("got %v, want a wrong number", err)
					}
				}
			},
			idp.PagePaused: func(v *visit) {
				v.ask()
				p.answer(protocol.Deny, "")
				must(t, w.UseMobile(ctx, v.l, v.b, v.form(), ""))
			},
			idp.PageOver: func(*visit) { w.clock = w.clock.Add(15 * time.Minute) },
			idp.PageDone: func(v *visit) { v.passcode(p.answer(protocol.Approve, v.ask())) },
			idp.PageFinished: func(v *visit) {
				v.passcode(p.answer(protocol.Approve, v.ask()))
				w.clock = w.clock.Add(time.Minute)
			},
		} {
			w.unlock()
			v := w.visit("number")
			if end != nil {
				v.submit("alice", secret)
				end(v)
			}
			first := v.want(want)
			row, entries := w.login(v.l), w.count("SELECT count(*) FROM audit")
			for range 20 {
				if again := v.standing(); !reflect.DeepEqual(again, first) {
					t.Errorf("%s: shown again it is %+v, before it was %+v", want, again, first)
				}
			}
			if w.login(v.l) != row || w.count("SELECT count(*) FROM audit") != entries {
				t.Errorf("%s: looking changed something", want)
			}
			hasNumber, hasPasscode := first.Challenge.MatchNumber != "", first.Challenge.Passcode != ""
			if hasNumber != (want == idp.PagePending) || hasPasscode != (want == idp.PageApproved) {
				t.Errorf("%s: shows a number %v and a passcode %v", want, hasNumber, hasPasscode)
			}
		}
	})
}

func TestAPausedPageSaysUntilWhenAndThenWorksAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("number")
		v.submit("alice", secret)
		v.ask()
		p.answer(protocol.Deny, "")
		must(t, w.UseMobile(t.Context(), v.l, v.b, v.form(), ""))
		if st := v.want(idp.PagePaused); st.Wait == nil || !st.Wait.Equal(w.clock.Add(10*time.Second)) {
			t.Errorf("got a wait until %v, want ten seconds", st.Wait)
		}
		w.clock = w.clock.Add(10 * time.Second)
		v.want(idp.PageDenied)
		v.ask()
		// Asked again too early while the request is open, the page stays what it is.
		must(t, w.UseMobile(t.Context(), v.l, v.b, v.form(), ""))
		if st := v.want(idp.PagePending); st.Wait == nil || !st.Wait.Equal(w.clock.Add(20*time.Second)) {
			t.Errorf("got a wait until %v, want twenty seconds", st.Wait)
		}
	})
}

// Going back in the browser to a page that forwards would redeem a used code, and with
// it take back what the code gave.
func TestAFinishedLoginForwardsOnlyWhileItsCodeLives(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("number").through(w.phone(w.alice), "alice")
		first := w.told(v.want(idp.PageDone).Login)
		w.clock = w.clock.Add(time.Minute - time.Millisecond)
		if again := w.told(v.want(idp.PageDone).Login); first.Code == "" || again.Code != first.Code {
			t.Errorf("got code %q and then %q, want the same", first.Code, again.Code)
		}
		w.clock = w.clock.Add(time.Millisecond)
		v.want(idp.PageFinished)
	})
}

func TestACancelledLoginIsToldToTheClientForGood(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("number")
		must(t, w.Cancel(t.Context(), v.l, v.b, v.form()))
		w.clock = w.clock.Add(time.Hour)
		r := w.told(v.want(idp.PageDone).Login)
		want := []idp.Field{
			{Name: "error", Value: "access_denied"}, {Name: "error_description", Value: "the person cancelled the sign-in"},
			{Name: "state", Value: "s"}, {Name: "iss", Value: issuer},
		}
		if got := r.Fields(issuer); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if err := w.Cancel(t.Context(), v.l, v.b, v.form()); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("cancelling again: got %v, want ErrMoved", err)
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'login.ended'"); n != 1 {
			t.Errorf("got %d entries, want 1", n)
		}
	})
}

func TestTheDonePageOutlivesTheDeviceItNames(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := w.visit("number").through(w.phone(w.alice), "alice")
		if st := v.want(idp.PageDone); st.Device != "phone" {
			t.Errorf("got device %q, want phone", st.Device)
		}
		w.write(func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM devices")
			return err
		})
		if st := v.want(idp.PageDone); st.Device != "" {
			t.Errorf("got device %q, want none", st.Device)
		}
	})
}

// Headers hold any bytes; PostgreSQL holds UTF-8.
func TestAnyUserAgentBeginsALogin(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, agent := range []string{"", "\xff\xfe", strings.Repeat("é", 300), "Firefox\xc3"} {
			v, _ := w.begin(idp.Browser{IP: "192.0.2.1", UserAgent: agent}, request("number", nil))
			v.want(idp.PageSignIn)
		}
	})
}
