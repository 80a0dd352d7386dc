package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/mfa"
)

// What becomes of somebody without a device is the decision of the administrator, for
// each application.
func TestPolicyDecidesWhatSomebodyWithoutADeviceGets(t *testing.T) {
	w := startWith(t, server.Options{Policy: mfa.Policy{MatchDigits: 2, Rules: []mfa.Rule{
		{Clients: []string{"open"}, WithoutDevice: mfa.WithoutDeviceEnrol},
		{Clients: []string{"shut"}, WithoutDevice: mfa.WithoutDeviceRefuse},
	}}})
	for id, want := range map[string]string{
		"open": "Set up my phone", "shut": "people cannot set it up while they sign in", "": "an enrolment link",
	} {
		a := w.app
		if id != "" {
			a = w.application(client.New{ID: id, Name: "Contoso " + id})
		}
		v := w.visit(w.browser(), a).password()
		if v.page.Has("use-mobile") || !strings.Contains(v.page.Body, want) {
			t.Errorf("%q: want %q in\n%s", id, want, v.page.Body)
		}
		for _, other := range []string{"Set up my phone", "people cannot set it up", "an enrolment link"} {
			if !strings.Contains(want, other) && strings.Contains(v.page.Body, other) {
				t.Errorf("%q: it also says %q", id, other)
			}
		}
		v.press("cancel", "done")
		end, err := v.b.Follow(t.Context(), v.page)
		if err != nil {
			t.Fatal(err)
		}
		if got := v.answer(end.URL).Get("error"); got != "access_denied" {
			t.Errorf("%q: the application is told %q, want access_denied", id, got)
		}
	}
}

// A rule that leaves a method out leaves it off the page, and what is posted all the same
// does nothing.
func TestPolicyDecidesWhichMethodsAreOffered(t *testing.T) {
	w := startWith(t, server.Options{Policy: mfa.Policy{MatchDigits: 2, Rules: []mfa.Rule{
		{Clients: []string{"typed"}, Methods: []mfa.Method{mfa.MethodPasscode}},
		{Clients: []string{"pushed"}, Methods: []mfa.Method{mfa.MethodPush}},
	}}})
	p := w.phone(w.user, "Pixel", "4711")

	typed := w.visit(w.browser(), w.application(client.New{ID: "typed", Name: "Typed"})).password()
	if typed.page.Has("use-mobile") || !typed.page.Has("use-passcode") {
		t.Errorf("passcodes only: got\n%s", typed.page.Body)
	}
	typed.send(http.MethodPost, typed.page.URL.Path+"/mobile", url.Values{"form_token": {typed.page.Value("form_token")}, "use-mobile": {"1"}},
		http.Header{"Sec-Fetch-Site": {"same-origin"}})
	if n := w.audited("challenge.created", "ok"); n != 0 {
		t.Errorf("a request for push that policy leaves out: got %d challenges, want none", n)
	}
	both := w.visit(w.browser(), w.app).password()
	if !both.page.Has("use-mobile") || !both.page.Has("use-passcode") {
		t.Errorf("without a rule: got\n%s", both.page.Body)
	}
	pushed := w.visit(w.browser(), w.application(client.New{ID: "pushed", Name: "Pushed"})).password()
	if !pushed.page.Has("use-mobile") || pushed.page.Has("use-passcode") {
		t.Errorf("push only: got\n%s", pushed.page.Body)
	}
	w.approve(p, pushed.ask(), "4711")
	pushed.reload("approved")
	w.skip(time.Second)
	pushed.press("passcode-submit", "done")
	pushed.code()
}
