package idp_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/evidence"
)

func TestWhatASessionIsGoodFor(t *testing.T) {
	age := func(s int64) func(*idp.AuthRequest) { return func(r *idp.AuthRequest) { r.MaxAge = &s } }
	prompt := func(v ...string) func(*idp.AuthRequest) { return func(r *idp.AuthRequest) { r.Prompt = v } }
	for name, tc := range map[string]struct {
		clientID string
		change   func(*idp.AuthRequest)
		later    time.Duration
		want     string // "code", an error code, or the page
	}{
		"the same demand again":            {"number", nil, 0, "code"},
		"a lesser demand":                  {"off", nil, 0, "code"},
		"prompt=none":                      {"number", prompt("none"), 0, "code"},
		"prompt=consent, first party":      {"number", prompt("consent"), 0, "code"},
		"prompt=login":                     {"number", prompt("login"), 0, "login"},
		"prompt=login consent":             {"number", prompt("login", "consent"), 0, "login"},
		"prompt=select_account":            {"number", prompt("select_account"), 0, "account"},
		"max_age not reached":              {"number", age(60), 59 * time.Second, "code"},
		"max_age passed":                   {"number", age(60), 61 * time.Second, "login"},
		"max_age=0 a moment later":         {"number", age(0), time.Second, "login"},
		"max_age passed under prompt=none": {"number", func(r *idp.AuthRequest) { age(1)(r); r.Prompt = []string{"none"} }, time.Minute, "login_required"},
		"idle for too long":                {"number", nil, 2 * time.Hour, "login"},
		"a hint at the same person":        {"number", func(r *idp.AuthRequest) { r.HintSubject = "alice" }, 0, "code"},
		"a hint at somebody else":          {"number", func(r *idp.AuthRequest) { r.HintSubject = "bob" }, 0, "login"},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				v := w.visit("number").through(w.phone(w.alice), "alice")
				w.clock = w.clock.Add(tc.later)
				r := request(tc.clientID, tc.change)
				r.HintSubject = map[string]string{"alice": w.alice.ID, "bob": w.bob.ID}[r.HintSubject]
				next, answered := w.begin(v.b, r)
				switch {
				case answered == nil:
					if got := next.standing().Page; string(got) != tc.want {
						t.Errorf("got page %s, want %s", got, tc.want)
					}
				case answered.Err != nil:
					if answered.Err.Code != tc.want {
						t.Errorf("got %v, want %s", answered.Err, tc.want)
					}
				case tc.want != "code" || answered.Code == "":
					t.Errorf("got a code, want %s", tc.want)
				}
			})
		})
	}
}

func TestNobodySignedInUnderPromptNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, answered := w.begin(idp.Browser{}, request("number", func(r *idp.AuthRequest) { r.Prompt = []string{"none"} }))
		if answered == nil || answered.Err == nil || answered.Err.Code != idp.LoginRequired {
			t.Errorf("got %+v, want login_required", answered)
		}
		if n := w.count("SELECT count(*) FROM logins"); n != 0 {
			t.Errorf("got %d stored logins, want none", n)
		}
	})
}

// "No token without every step Next demanded."
func TestAStepUpKeepsThePasswordAndAsksForTheFactor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(w.alice)
		v := w.visit("off")
		v.submit("alice", secret)
		v.want(idp.PageDone)
		_, answered := w.begin(v.b, request("push", func(r *idp.AuthRequest) { r.Prompt = []string{"none"} }))
		if answered == nil || answered.Err == nil || answered.Err.Code != idp.InteractionRequired {
			t.Fatalf("prompt=none: got %+v, want interaction_required", answered)
		}
		up, answered := w.begin(v.b, request("push", nil))
		if answered != nil {
			t.Fatal("a password alone satisfied a client that demands push")
		}
		up.want(idp.PageMethod)
		up.passcode(p.answer(protocol.Approve, up.ask()))
		up.want(idp.PageDone)
		w.clock = w.clock.Add(time.Minute)
		number, answered := w.begin(up.b, request("number", nil))
		if answered != nil {
			t.Fatal("a push without number satisfied a client that demands the number")
		}
		number.want(idp.PageMethod)
	})
}

func TestAskingForMFARaisesTheDemand(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.phone(w.alice)
		v, _ := w.begin(idp.Browser{}, request("off", func(r *idp.AuthRequest) { r.ACRValues = []string{evidence.ACRMFA} }))
		v.submit("alice", secret)
		v.want(idp.PageMethod)
	})
}

func TestAnotherPersonThanTheHintIsRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v, _ := w.begin(idp.Browser{}, request("off", func(r *idp.AuthRequest) { r.HintSubject = w.bob.ID }))
		v.submit("alice", secret)
		st := v.want(idp.PageDone)
		if r := w.told(st.Login); r.Err == nil || r.Err.Code != idp.LoginRequired || r.Code != "" {
			t.Errorf("got %+v, want login_required", r)
		}
	})
}

func TestTheResponseNamesItsIssuerAndKeepsTheQuery(t *testing.T) {
	for name, tc := range map[string]struct {
		r    idp.Response
		want string
	}{
		"query":                     {idp.Response{Request: idp.AuthRequest{RedirectURI: callback, ResponseMode: "query", State: "a b"}, Code: "c"}, callback + "?code=c&state=a+b&iss=https%3A%2F%2Flogin.example.com"},
		"a query that is there":     {idp.Response{Request: idp.AuthRequest{RedirectURI: callback + "?x=1", ResponseMode: "query"}, Code: "c"}, callback + "?x=1&code=c&iss=https%3A%2F%2Flogin.example.com"},
		"an empty query":            {idp.Response{Request: idp.AuthRequest{RedirectURI: callback + "?", ResponseMode: "query"}, Code: "c"}, callback + "?code=c&iss=https%3A%2F%2Flogin.example.com"},
		"fragment":                  {idp.Response{Request: idp.AuthRequest{RedirectURI: callback, ResponseMode: "fragment"}, Code: "c"}, callback + "#code=c&iss=https%3A%2F%2Flogin.example.com"},
		"an error names it as well": {idp.Response{Request: idp.AuthRequest{RedirectURI: callback, State: "s"}, Err: &idp.OAuthError{Code: "access_denied"}}, callback + "?error=access_denied&state=s&iss=https%3A%2F%2Flogin.example.com"},
	} {
		if got := tc.r.URL(issuer); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}
