package guard

import (
	"fmt"
	"net/http"
	"testing"
)

func TestARouteIsFoundAsAMuxFindsIt(t *testing.T) {
	edge, _ := newEdge(t)
	tell := func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprintf(w, "%s %s", r.Pattern, r.PathValue("id"))
		return err
	}
	edge.API.Handle("POST /oauth/token", Route{Handler: tell, Accepts: []string{Form}})
	edge.API.Handle("GET /api/{id}", Route{Handler: tell})
	edge.Browser.Handle("GET /authorize", tell)
	edge.Browser.Handle("GET /login/{id}", tell)
	edge.Browser.Handle("GET /static/", tell)
	for _, row := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"POST", "/oauth/token", 200, "POST /oauth/token "},
		{"POST", "/oauth%2Ftoken", 404, ""},
		{"POST", "/%6Fauth/token", 200, "POST /oauth/token "},
		{"GET", "/oauth/token", 405, ""},
		{"POST", "/oauth/token/", 404, ""},
		{"POST", "/oauth/other", 404, ""},
		{"GET", "/api/7", 200, "GET /api/{id} 7"},
		{"GET", "/authorize", 200, "GET /authorize "},
		{"HEAD", "/authorize", 200, "GET /authorize "},
		{"PUT", "/authorize", 405, ""},
		{"GET", "/login/7", 200, "GET /login/{id} 7"},
		{"GET", "/static/a.css", 200, "GET /static/ "},
		{"GET", "/nowhere", 404, ""},
		{"GET", "/", 404, ""},
	} {
		w := ask(edge, row.method, row.target, "", "Content-Type", Form)
		if w.Code != row.status || (row.status == 200 && w.Body.String() != row.body) {
			t.Errorf("%s %s: got %d %q, want %d %q", row.method, row.target, w.Code, w.Body.String(), row.status, row.body)
		}
	}
}

func TestWhatOneAnswerAddsToAHeaderStaysItsOwn(t *testing.T) {
	first, second := http.Header{}, http.Header{}
	pageHeaders(first)
	first.Add("Cache-Control", "private")
	first.Set("X-Frame-Options", "none")
	pageHeaders(second)
	if got := second.Values("Cache-Control"); len(got) != 1 || second.Get("X-Frame-Options") != "DENY" {
		t.Errorf("got %v", second)
	}
}
