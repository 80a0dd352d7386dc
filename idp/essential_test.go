package idp_test

import (
	"errors"
	"testing"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/evidence"
)

func essential(classes ...string) func(*idp.AuthRequest) {
	return func(r *idp.AuthRequest) { r.Claims = claims.Asked{ACR: classes} }
}

// TestAnEssentialClassIsReachedOrTheLoginFails is OpenID Connect Core 1.0, section
// 5.5.1.1.
func TestAnEssentialClassIsReachedOrTheLoginFails(t *testing.T) {
	for name, tc := range map[string]struct {
		classes []string
		factor  bool   // a second factor is asked for
		acr     string // "" where it fails
	}{
		"the password":             {[]string{evidence.ACRPassword}, false, evidence.ACRPassword},
		"two factors":              {[]string{evidence.ACRMFA}, true, evidence.ACRMFA},
		"either, the weaker first": {[]string{evidence.ACRPassword, evidence.ACRMFA}, true, evidence.ACRPassword},
		"unknown or two":           {[]string{"urn:x", evidence.ACRMFA}, true, evidence.ACRMFA},
		"a passkey nobody has":     {[]string{evidence.ACRPhishingResistant}, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.hybrid()
				p := w.phone(w.alice)
				v, _ := w.begin(idp.Browser{}, request("hybrid", func(r *idp.AuthRequest) {
					essential(tc.classes...)(r)
					r.ResponseType, r.Nonce = "id_token", "n"
				}))
				v.submit("alice", secret)
				if st := v.standing(); (st.Step == idp.StepFactor) != tc.factor && tc.acr != "" {
					t.Fatalf("got step %s", st.Step)
				}
				if v.standing().Step == idp.StepFactor {
					v.passcode(p.answer(protocol.Approve, v.ask()))
				}
				r := w.told(v.want(idp.PageDone).Login)
				if tc.acr == "" {
					if r.Err == nil || r.Err.Code != idp.UnmetAuthentication || r.IDToken != "" || w.count("SELECT count(*) FROM sessions") != 0 {
						t.Errorf("got %+v", r)
					}
					return
				}
				if r.Err != nil {
					t.Fatalf("got %v", r.Err)
				}
				if got := idToken(t, r.IDToken)["acr"]; got != tc.acr {
					t.Errorf("got acr %v, want %s", got, tc.acr)
				}
				// A session that can never do is told of at once, with and without pages.
				for _, prompt := range [][]string{nil, {"none"}} {
					_, answered := w.begin(v.b, request("hybrid", func(r *idp.AuthRequest) { essential(evidence.ACRPhishingResistant)(r); r.Prompt = prompt }))
					if tc.factor && (answered == nil || answered.Err == nil || answered.Err.Code != idp.UnmetAuthentication) {
						t.Errorf("prompt %v: got %+v", prompt, answered)
					}
				}
			})
		})
	}
}

func TestSelectAccountOffersWhoIsSignedInAndAnother(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		choose := func(r *idp.AuthRequest) { r.Prompt = []string{"select_account"} }
		v := w.visit("off")
		v.submit("alice", secret)
		next, answered := w.begin(v.b, request("off", choose))
		if answered != nil {
			t.Fatalf("got %+v", answered)
		}
		st := next.want(idp.PageAccount)
		if st.Account != "alice" || st.Step != idp.StepAccount {
			t.Errorf("got %+v", st)
		}
		if _, err := w.GoOn(t.Context(), next.l, next.b, "another form"); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("another form: got %v", err)
		}
		f, err := w.GoOn(t.Context(), next.l, next.b, st.FormToken)
		must(t, err)
		if f == nil || f.SessionToken != "" || w.told(next.want(idp.PageDone).Login).Code == "" {
			t.Errorf("going on: got %+v", f)
		}
		if n := w.count("SELECT count(*) FROM sessions"); n != 1 {
			t.Errorf("got %d sessions, want the one", n)
		}
		other, _ := w.begin(v.b, request("off", choose))
		must(t, w.SwitchAccount(t.Context(), other.l, other.b, other.form()))
		other.want(idp.PageSignIn)
		if f := other.submit("bob", secret); f == nil || f.SessionToken == "" {
			t.Errorf("as bob: got %+v", f)
		}
		if st := other.want(idp.PageDone); st.Login.UserID != w.bob.ID {
			t.Errorf("got %s, want bob", st.Login.UserID)
		}
		fresh, _ := w.begin(idp.Browser{}, request("off", choose))
		fresh.want(idp.PageSignIn)
	})
}

// TestGoingOnStillAsksForTheFactor: choosing oneself proves nothing.
func TestGoingOnStillAsksForTheFactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("off")
		v.submit("alice", secret)
		next, _ := w.begin(v.b, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"select_account"} }))
		f, err := w.GoOn(t.Context(), next.l, next.b, next.want(idp.PageAccount).FormToken)
		must(t, err)
		if f != nil || next.want(idp.PageMethod).Step != idp.StepFactor {
			t.Fatalf("got %+v", f)
		}
		if f := next.passcode(p.answer(protocol.Approve, next.ask())); f == nil || f.SessionToken == "" {
			t.Errorf("got %+v", f)
		}
		next.want(idp.PageDone)
	})
}
