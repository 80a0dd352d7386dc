package e2e

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/entra"
	"github.com/nod-idp/nod/idp/entra/fake"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
)

// frontDoor is Microsoft's own site in small: a page that sends its visitor to nod by a
// form, as the real one does, and the address that takes the answer.
type frontDoor struct {
	*httptest.Server
	sends   url.Values
	to      string
	answers chan url.Values
}

func newFrontDoor(t *testing.T) *frontDoor {
	d := &frontDoor{answers: make(chan url.Values, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /start", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fields := ""
		for name, values := range d.sends {
			fields += fmt.Sprintf(`<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(values[0]))
		}
		_, _ = io.WriteString(w, `<title>Entra</title><form method="post" action="`+d.to+`">`+fields+`<button id="go">Go</button></form>`)
	})
	mux.HandleFunc("POST /common/federation/externalauthprovider", func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err == nil {
			d.answers <- r.PostForm
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, `<title>Entra</title><p id="arrived">Arrived</p>`)
	})
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	d.Server = httptest.NewServer(mux)
	t.Cleanup(d.Close)
	return d
}

// visit lets the browser come from there with a request.
func (d *desk) from(door *frontDoor, m *microsoft, request url.Values) {
	d.t.Helper()
	door.sends, door.to = request, m.metadata.Authorization
	d.tab.Open(door.URL + "/start")
	d.press("go")
}

func TestASignInThatEntraBeganInChromium(t *testing.T) {
	w := start(t, "")
	door := newFrontDoor(t)
	p := w.phone(w.user, "Alice’s Pixel", "4711")
	bob := w.person("bob")
	m := w.microsoft(func(n *entra.Tenant) { n.Enrol, n.Reply = true, door.URL+"/common/federation/externalauthprovider" })
	d := &desk{world: w, tab: chromium.StartWithoutPush(t).Tab()}

	request := m.request(nil, nil)
	d.from(door, m, request)
	d.look("method")
	d.tab.Until(`/It waits for [45]:\d\d more/.test(document.querySelector("header [data-countdown]").textContent)`)
	d.press("use-mobile")
	d.look("pending")
	var number string
	d.tab.Eval(`document.getElementById("match-number").textContent`, &number)
	w.approve(p, number, "4711")
	d.tab.Until(`document.getElementById("arrived")`) // all by itself
	answer := <-door.answers
	if faults := m.Judge(m.metadata, request, answer, alicesAccount); len(faults) > 0 {
		t.Errorf("Entra does not like: %v", faults)
	}
	w.hide(answer.Get("id_token"))

	// The back button, and the form once more: each hint works once.
	d.from(door, m, request)
	d.look("error")
	d.tab.Until(`document.body.textContent.includes("Start again at Microsoft")`)

	d.tab.Open(m.metadata.Authorization)
	d.look("nothing")

	d.from(door, m, m.request(bobsAccount, nil))
	d.look("identify")
	code, _, err := w.s.Entra.Code(t.Context(), m.tenant, bob.ID, entra.CodeLife)
	if err != nil {
		t.Fatal(err)
	}
	w.hide(code)
	d.tab.Eval(`document.getElementById("enrolment-code").value = "`+strings.ToLower(code)+`"`, nil)
	d.press("enrolment-submit")
	d.look("method") // bob has no phone yet
	d.tab.Eval(`document.querySelector(".actions a.primary").click()`, nil)
	d.look("add")
	d.press("add-start")
	d.look("link")
	var link string
	d.tab.Eval(`document.getElementById("link-url").value`, &link)
	w.hide(link)
	if _, err := simulator.Enroll(t.Context(), link, simulator.Options{Name: "Bob’s phone"}); err != nil {
		t.Fatal(err)
	}
	d.look("consent") // by itself
	d.press("confirm-device")
	d.tab.Until(`document.getElementById("use-mobile")`)
	d.press("cancel")
	d.tab.Until(`document.getElementById("arrived")`)
	if answer := <-door.answers; answer.Get("error") != "access_denied" {
		t.Errorf("got %v", answer)
	}

	d.from(door, m, m.request(nil, func(v url.Values) { v.Set("claims", fake.Wanted([]string{"knowledge"}, fake.AMR)) }))
	d.look("done") // it waits for the person, who should read why
	d.press("continue")
	d.tab.Until(`document.getElementById("arrived")`)

	for _, problem := range d.tab.Problems() {
		if !strings.Contains(problem.Text, "409") { // the page that says to start again
			t.Errorf("the browser complained: %s", problem.Text)
		}
	}
}
