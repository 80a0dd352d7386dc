package idp_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
)

// stranger adds a client of somebody else's.
func (w *world) stranger(factor client.SecondFactor) {
	w.t.Helper()
	_, _, err := w.Clients.Add(w.t.Context(), client.New{ID: "stranger", Name: "A Stranger", RedirectURIs: []string{callback}, SecondFactor: factor, IDTokenAlg: client.ES256})
	must(w.t, err)
}

func scopes(names ...string) func(*idp.AuthRequest) {
	return func(r *idp.AuthRequest) { r.Scopes = names }
}

func (v *visit) allow() *idp.Finished {
	v.w.t.Helper()
	f, err := v.w.Allow(v.w.t.Context(), v.l, v.b, v.want(idp.PageConsent).FormToken)
	must(v.w.t, err)
	v.take(f)
	return f
}

func TestConsentIsAskedAfterTheFactorsAndRemembered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stranger(client.FactorPushNumber)
		p := w.phone(w.alice)
		v := w.visit("stranger")
		v.submit("alice", secret)
		v.want(idp.PageMethod)
		if _, err := w.Allow(t.Context(), v.l, v.b, v.form()); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("before the factor: got %v", err)
		}
		if f := v.passcode(p.answer(protocol.Approve, v.ask())); f != nil {
			t.Error("signed in before anybody agreed")
		}
		st := v.want(idp.PageConsent)
		if st.Step != idp.StepConsent || st.Account != "alice" || w.count("SELECT count(*) FROM codes") != 0 || w.count("SELECT count(*) FROM sessions") != 0 {
			t.Errorf("got %+v", st)
		}
		if f := v.allow(); f == nil || f.SessionToken == "" || f.KnownToken == "" {
			t.Errorf("got %+v, want cookies", f)
		}
		if r := w.told(v.want(idp.PageDone).Login); r.Code == "" {
			t.Errorf("got %+v, want a code", r)
		}
		// A session and the consent are enough from now on, but not for more than was allowed.
		if _, answered := w.begin(v.b, request("stranger", func(r *idp.AuthRequest) { r.Prompt = []string{"none"} })); answered == nil || answered.Code == "" {
			t.Errorf("the same again: got %+v", answered)
		}
		if _, answered := w.begin(v.b, request("stranger", func(r *idp.AuthRequest) { r.Prompt, r.Scopes = []string{"none"}, []string{"openid", "email"} })); answered == nil || answered.Err == nil || answered.Err.Code != idp.ConsentRequired {
			t.Errorf("more under prompt=none: got %+v", answered)
		}
		more, answered := w.begin(v.b, request("stranger", scopes("openid", "email")))
		if answered != nil {
			t.Fatalf("more: got %+v", answered)
		}
		sessions := w.count("SELECT count(*) FROM sessions")
		if f := more.allow(); f == nil || f.SessionToken != "" {
			t.Errorf("got %+v, want the session as it is", f)
		}
		if w.count("SELECT count(*) FROM sessions") != sessions || w.told(more.want(idp.PageDone).Login).Code == "" {
			t.Error("agreeing made another session, or no code")
		}
		if n := w.count("SELECT count(*) FROM audit WHERE action = 'consent.given'"); n != 2 {
			t.Errorf("got %d journal entries, want 2", n)
		}
	})
}

func TestWhetherConsentIsAsked(t *testing.T) {
	prompt := func(r *idp.AuthRequest) { r.Prompt = []string{"consent"} }
	claim := func(r *idp.AuthRequest) { r.Claims = claims.Asked{IDToken: []string{"birthdate"}} }
	for name, tc := range map[string]struct {
		clientID string
		change   func(*idp.AuthRequest)
		want     idp.Page // "" where it is answered at once
	}{
		"what was allowed": {"stranger", nil, ""}, "less than that": {"stranger", scopes(), ""}, "a new scope": {"stranger", scopes("openid", "email"), idp.PageConsent},
		"a new claim": {"stranger", claim, idp.PageConsent}, "prompt=consent": {"stranger", prompt, idp.PageConsent},
		"offline_access alone": {"stranger", scopes("openid", "offline_access"), ""}, "a first party": {"off", nil, ""},
		"a first party with prompt=consent": {"off", prompt, ""},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.stranger(client.FactorOff)
				v := w.visit("stranger")
				v.submit("alice", secret)
				v.allow()
				next, answered := w.begin(v.b, request(tc.clientID, tc.change))
				if tc.want == "" && (answered == nil || answered.Code == "") || tc.want != "" && answered != nil {
					t.Fatalf("got %+v", answered)
				}
				if tc.want != "" {
					next.want(tc.want)
				}
			})
		})
	}
}

func TestOfflineAccessNeedsConsentOnRecord(t *testing.T) {
	offline := scopes("openid", "offline_access")
	for name, tc := range map[string]struct {
		first, then func(*idp.AuthRequest)
		clientID    string
		want        bool
	}{
		"without": {nil, offline, "stranger", false}, "a first party": {nil, offline, "off", true}, "on record": {offline, offline, "stranger", true},
		"prompt=consent": {nil, func(r *idp.AuthRequest) { offline(r); r.Prompt = []string{"consent"} }, "stranger", true},
		"no code":        {offline, func(r *idp.AuthRequest) { offline(r); r.ResponseType = "id_token token" }, "stranger", false},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				w.stranger(client.FactorOff)
				v, _ := w.begin(idp.Browser{}, request("stranger", tc.first))
				v.submit("alice", secret)
				v.allow()
				next, answered := w.begin(v.b, request(tc.clientID, tc.then))
				if answered == nil {
					next.allow()
					r := w.told(next.want(idp.PageDone).Login)
					answered = &r
				}
				if answered.Request.Wants("token") {
					if slices.Contains(answered.Scopes, "offline_access") {
						t.Errorf("got %v", answered.Scopes)
					}
					return
				}
				c, err := w.Clients.Get(t.Context(), tc.clientID)
				must(t, err)
				issued, err := w.Tokens.Redeem(t.Context(), c, answered.Code, callback, "", token.Asked{})
				must(t, err)
				if got := issued.RefreshToken != ""; got != tc.want || slices.Contains(issued.Scopes, "offline_access") != tc.want {
					t.Errorf("got %v with %v, want %v", got, issued.Scopes, tc.want)
				}
			})
		})
	}
}

func TestWhoDoesNotAllowIsTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stranger(client.FactorOff)
		v := w.visit("stranger")
		v.submit("alice", secret)
		must(t, w.Cancel(t.Context(), v.l, v.b, v.want(idp.PageConsent).FormToken))
		if r := w.told(v.want(idp.PageDone).Login); r.Err == nil || r.Err.Code != idp.AccessDenied || r.Code != "" {
			t.Errorf("got %+v", r)
		}
		if n := w.count("SELECT count(*) FROM consents") + w.count("SELECT count(*) FROM codes") + w.count("SELECT count(*) FROM sessions"); n != 0 {
			t.Errorf("%d rows were left", n)
		}
	})
}

func TestConsentIsGivenOnceByItsOwnForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stranger(client.FactorOff)
		v := w.visit("stranger")
		v.submit("alice", secret)
		form := v.want(idp.PageConsent).FormToken
		for name, bad := range map[string]string{"none": "", "another": w.FormToken(idp.Login{ID: v.l})} {
			if _, err := w.Allow(t.Context(), v.l, v.b, bad); !errors.Is(err, idp.ErrMoved) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if _, err := w.Allow(t.Context(), v.l, idp.Browser{LoginToken: w.visit("off").b.LoginToken}, form); !errors.Is(err, idp.ErrElsewhere) {
			t.Errorf("another browser: got %v", err)
		}
		for _, err := range race(8, func(int) error { _, err := w.Allow(t.Context(), v.l, v.b, form); return err }) {
			if err != nil && !errors.Is(err, idp.ErrMoved) {
				t.Error(err)
			}
		}
		if n := w.count("SELECT count(*) FROM codes"); n != 1 {
			t.Errorf("got %d codes, want 1", n)
		}
	})
}

func TestWhoWasDisabledWhileAskedIsNotSignedIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stranger(client.FactorOff)
		v := w.visit("stranger")
		v.submit("alice", secret)
		form := v.want(idp.PageConsent).FormToken
		must(t, w.Users.Disable(t.Context(), w.alice.ID))
		if f, err := w.Allow(t.Context(), v.l, v.b, form); f != nil || err != nil {
			t.Errorf("got %+v, %v", f, err)
		}
		if r := w.told(v.want(idp.PageDone).Login); r.Err == nil || r.Code != "" {
			t.Errorf("got %+v", r)
		}
	})
}

func TestASessionThatEndedWhileAskedIsNoBasis(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stranger(client.FactorOff)
		v := w.visit("off")
		v.submit("alice", secret)
		next, _ := w.begin(v.b, request("stranger", nil))
		form := next.want(idp.PageConsent).FormToken
		held, err := w.Sessions.Find(t.Context(), v.b.SessionToken)
		must(t, err)
		must(t, w.SignOut(t.Context(), held))
		if _, err := w.Allow(t.Context(), next.l, next.b, form); !errors.Is(err, idp.ErrMoved) {
			t.Errorf("got %v", err)
		}
		next.want(idp.PageSignIn)
	})
}

func TestARevokedConsentIsAskedAgainAndVoidsCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stranger(client.FactorOff)
		v := w.visit("stranger")
		v.submit("alice", secret)
		v.allow()
		code := w.told(v.want(idp.PageDone).Login).Code
		h, err := w.Holder(t.Context(), v.b)
		must(t, err)
		if list, err := w.Connected(t.Context(), h); err != nil || len(list) != 1 || list[0].Name != "A Stranger" || list[0].Offline {
			t.Errorf("got %+v, %v", list, err)
		}
		must(t, w.Disconnect(t.Context(), h, "stranger"))
		if err := w.Disconnect(t.Context(), h, "stranger"); !errors.Is(err, token.ErrNone) {
			t.Errorf("a second time: got %v", err)
		}
		c, err := w.Clients.Get(t.Context(), "stranger")
		must(t, err)
		if _, err := w.Tokens.Redeem(t.Context(), c, code, callback, "", token.Asked{}); !errors.Is(err, token.ErrInvalidGrant) {
			t.Errorf("the code: got %v", err)
		}
		next, answered := w.begin(v.b, request("stranger", nil))
		if answered != nil {
			t.Fatalf("got %+v", answered)
		}
		next.want(idp.PageConsent)
	})
}
