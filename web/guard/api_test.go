package guard

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestAnAPITakesDeclaredTypesOnly(t *testing.T) {
	api := &API{}
	ok := func(w http.ResponseWriter, _ *http.Request) error { return WriteJSON(w, 200, "fine") }
	api.Handle("POST /json", Route{Handler: ok})
	api.Handle("POST /token", Route{Handler: ok, Accepts: []string{Form}})
	api.Handle("GET /read", Route{Handler: ok})
	for _, row := range []struct {
		method, path, kind string
		want               int
	}{
		{"POST", "/json", "application/json", 200},
		{"POST", "/json", "application/json; charset=utf-8", 200},
		{"POST", "/json", "application/jose", 200},
		{"POST", "/json", "text/plain", 415},
		{"POST", "/json", Form, 415},
		{"POST", "/json", "", 415},
		{"POST", "/json", "application/json, text/plain", 415},
		{"POST", "/token", Form, 200},
		{"POST", "/token", "application/json", 415},
		{"GET", "/read", "", 200},
	} {
		if got := ask(api, row.method, row.path, "{}", "Content-Type", row.kind).Code; got != row.want {
			t.Errorf("%s %s %q: got %d, want %d", row.method, row.path, row.kind, got, row.want)
		}
	}
}

func TestAnAPISeesNoCookiesUnlessTheRouteAsks(t *testing.T) {
	api := &API{}
	tell := func(w http.ResponseWriter, r *http.Request) error {
		_, err := fmt.Fprint(w, len(r.Cookies()))
		return err
	}
	api.Handle("POST /plain", Route{Handler: tell})
	api.Handle("POST /same-device", Route{Handler: tell, Cookies: true})
	json := []string{"Content-Type", "application/json", "Cookie", "login=1"}
	if got := ask(api, "POST", "/plain", "{}", json...).Body.String(); got != "0" {
		t.Errorf("got %s cookies, want none", got)
	}
	if got := ask(api, "POST", "/same-device", "{}", json...).Body.String(); got != "1" {
		t.Errorf("got %s cookies, want one", got)
	}
	if got := ask(api, "POST", "/same-device", "{}", append(json, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")...).Code; got != 403 {
		t.Errorf("a foreign page: got %d, want 403", got)
	}
}

func TestABodyIsAsLargeAsTheRouteAllows(t *testing.T) {
	api := &API{}
	read := func(_ http.ResponseWriter, r *http.Request) error {
		_, err := Body(r)
		return err
	}
	api.Handle("POST /small", Route{Handler: read, MaxBody: 8})
	for body, want := range map[string]int{"12345678": 200, "123456789": 413} {
		if got := ask(api, "POST", "/small", body, "Content-Type", "application/json").Code; got != want {
			t.Errorf("%d bytes: got %d, want %d", len(body), got, want)
		}
	}
}

func TestAProblemIsJSONInTheShapeOfOAuth(t *testing.T) {
	edge, _ := newEdge(t)
	edge.API.Handle("GET /api", Route{Handler: func(http.ResponseWriter, *http.Request) error {
		return Problem{Status: 401, Code: "invalid_client", Header: http.Header{"WWW-Authenticate": {"Basic"}}}
	}})
	w := ask(edge, "GET", "/api", "")
	want := fmt.Sprintf(`{"error":"invalid_client","error_description":"Unauthorized","request_id":%q}`, w.Header().Get("X-Request-Id"))
	if got := strings.TrimSpace(w.Body.String()); got != want || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("got %s, want %s", got, want)
	}
	if w.Header().Get("WWW-Authenticate") != "Basic" {
		t.Error("want the problem's own header")
	}
}

func TestCORSNamesOriginsAndNeverCredentials(t *testing.T) {
	api := &API{}
	ok := func(w http.ResponseWriter, _ *http.Request) error { return nil }
	known := func(origin string) bool { return origin == "https://spa.example" }
	api.Handle("GET /open", Route{Handler: ok, CORS: &CORS{}})
	api.Handle("POST /token", Route{Handler: ok, Accepts: []string{Form},
		CORS: &CORS{Origin: known, Methods: []string{"POST"}, Headers: []string{"Authorization", "DPoP"}, Expose: []string{"DPoP-Nonce"}}})
	api.Handle("POST /closed", Route{Handler: ok, Accepts: []string{Form}})
	for _, row := range []struct {
		method, path, origin, want string
	}{
		{"GET", "/open", "https://any.example", "*"},
		{"OPTIONS", "/open", "https://any.example", "*"},
		{"POST", "/token", "https://spa.example", "https://spa.example"},
		{"OPTIONS", "/token", "https://spa.example", "https://spa.example"},
		{"POST", "/token", "https://evil.example", ""},
		{"OPTIONS", "/token", "https://evil.example", ""},
		{"POST", "/token", "null", ""},
		{"POST", "/closed", "https://spa.example", ""},
		{"OPTIONS", "/closed", "https://spa.example", ""},
	} {
		h := ask(api, row.method, row.path, "", "Origin", row.origin, "Content-Type", Form).Header()
		if got := h.Get("Access-Control-Allow-Origin"); got != row.want {
			t.Errorf("%s %s from %s: got %q, want %q", row.method, row.path, row.origin, got, row.want)
		}
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s: credentials are allowed", row.method, row.path)
		}
	}
	h := ask(api, "OPTIONS", "/token", "", "Origin", "https://spa.example").Header()
	if h.Get("Access-Control-Allow-Methods") != "POST" || h.Get("Access-Control-Allow-Headers") != "Authorization, DPoP" || h.Get("Vary") != "Origin" {
		t.Errorf("got preflight %v", h)
	}
}
