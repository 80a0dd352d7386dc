package guard

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// logged keeps what an edge writes.
type logged struct{ bytes.Buffer }

func (l *logged) last(t *testing.T) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(l.String()), "\n")
	var attrs map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &attrs); err != nil {
		t.Fatalf("read log line %q: %v", lines[len(lines)-1], err)
	}
	return attrs
}

func (l *logged) want(t *testing.T, key string, want any) {
	t.Helper()
	if got := l.last(t)[key]; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("log: got %s = %v, want %v", key, got, want)
	}
}

func newEdge(t *testing.T) (*Edge, *logged) {
	t.Helper()
	browser, err := NewBrowser("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	log := &logged{}
	return &Edge{Browser: browser, API: &API{}, PublicURL: "https://id.example",
		Log: slog.New(slog.NewJSONHandler(log, nil))}, log
}

func ask(h http.Handler, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestARequestLeavesOneLineWithoutSecrets(t *testing.T) {
	edge, log := newEdge(t)
	edge.Browser.Handle("POST /login/{id}", func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.ReadAll(r.Body); err != nil {
			return err
		}
		w.WriteHeader(http.StatusSeeOther)
		_, err := io.WriteString(w, "four")
		return err
	})
	ask(edge, "POST", "/login/canary-path?code=canary-query", "password=canary-body",
		"Cookie", "s=canary-cookie", "Authorization", "Bearer canary-token", "User-Agent", "canary-agent", "Referer", "canary-referer")
	if strings.Contains(log.String(), "canary") || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("want one line without a canary, got:\n%s", log)
	}
	for key, want := range map[string]any{"route": "POST /login/{id}", "method": "POST", "status": 303, "bytes": 4, "client": "192.0.2.1"} {
		log.want(t, key, want)
	}
}

func TestALogLineCannotBeForged(t *testing.T) {
	edge, log := newEdge(t)
	edge.Browser.Handle("GET /", func(http.ResponseWriter, *http.Request) error {
		return errors.New("broken\n{\"level\":\"INFO\",\"msg\":\"forged\"}")
	})
	ask(edge, "GET", "/", "")
	ask(edge, "FORGE", "/", "", "X-Request-Id", "forged-by-a-stranger")
	if strings.Count(log.String(), "\n") != 2 || strings.Contains(log.String(), "forged-by") {
		t.Errorf("want two lines, got:\n%s", log)
	}
	log.want(t, "method", "other")
}

func TestOnlyAListedProxyNamesARequest(t *testing.T) {
	edge, log := newEdge(t)
	w := ask(edge, "GET", "/", "", "X-Request-Id", "trace-12345678")
	if got := w.Header().Get("X-Request-Id"); !strings.HasPrefix(got, "req_") || len(got) != 30 {
		t.Errorf("got id %q, want one of our own", got)
	}
	edge.Proxies = proxies(t, "192.0.2.0/24")
	for given, kept := range map[string]bool{"trace-12345678": true, "short": false, "with space 123": false, "line\nbreak-1234": false} {
		w := ask(edge, "GET", "/", "", "X-Request-Id", given)
		if got := w.Header().Get("X-Request-Id"); (got == given) != kept {
			t.Errorf("%q: got id %q", given, got)
		}
		log.want(t, "request", w.Header().Get("X-Request-Id"))
	}
}

func TestAnErrorShowsItsPublicHalfAndLogsTheOther(t *testing.T) {
	hidden := errors.New("hidden detail")
	for _, row := range []struct {
		name   string
		err    error
		status int
		code   string
	}{
		{"any error is our fault", hidden, 500, "server_error"},
		{"a problem has its status", Problem{Status: 409, Code: "taken", Public: "Taken.", Err: hidden}, 409, "taken"},
		{"a pointer to one too", &Problem{Status: 409, Code: "taken", Err: hidden}, 409, "taken"},
		{"a wrapped one too", fmt.Errorf("outer: %w", Problem{Status: 410, Err: hidden}), 410, "invalid_request"},
		{"not found", NotFound(hidden), 404, "not_found"},
		{"too large", fmt.Errorf("hidden detail: %w", &http.MaxBytesError{Limit: 1}), 413, "too_large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			edge, log := newEdge(t)
			fails := func(http.ResponseWriter, *http.Request) error { return row.err }
			edge.Browser.Handle("GET /page", fails)
			edge.API.Handle("GET /api", Route{Handler: fails})
			for _, path := range []string{"/page", "/api"} {
				w := ask(edge, "GET", path, "")
				if w.Code != row.status || strings.Contains(w.Body.String(), "hidden") {
					t.Errorf("%s: got %d %s, want %d", path, w.Code, w.Body, row.status)
				}
				log.want(t, "code", row.code)
				if !strings.Contains(log.last(t)["error"].(string), "hidden detail") {
					t.Errorf("want the detail in the log, got %s", log)
				}
			}
		})
	}
}

func TestAPanicEndsOneRequestOnly(t *testing.T) {
	edge, log := newEdge(t)
	edge.Browser.Handle("GET /panic", func(http.ResponseWriter, *http.Request) error { panic("hidden detail") })
	edge.API.Handle("GET /api", Route{Handler: func(http.ResponseWriter, *http.Request) error { panic("hidden detail") }})
	for _, path := range []string{"/panic", "/api"} {
		w := ask(edge, "GET", path, "")
		if w.Code != 500 || strings.Contains(w.Body.String(), "hidden") {
			t.Errorf("got %d %s, want a plain 500", w.Code, w.Body)
		}
		if stack, _ := log.last(t)["stack"].(string); !strings.Contains(stack, "TestAPanicEndsOneRequestOnly") {
			t.Errorf("want the stack in the log, got %q", stack)
		}
		log.want(t, "level", "ERROR")
	}
}

func TestAbortingIsNoPanic(t *testing.T) {
	edge, log := newEdge(t)
	edge.Browser.Handle("GET /", func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) })
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("got %v, want the abort to reach the server", got)
		}
		if log.last(t)["stack"] != nil {
			t.Error("got a stack for an abort, want none")
		}
	}()
	ask(edge, "GET", "/", "")
}

func TestHalfAnAnswerIsCutOffAndNotFinishedWithAPage(t *testing.T) {
	edge, log := newEdge(t)
	edge.Browser.Handle("GET /", func(w http.ResponseWriter, _ *http.Request) error {
		_, _ = io.WriteString(w, "half")
		return errors.New("broken")
	})
	defer func() {
		if got := recover(); got != http.ErrAbortHandler {
			t.Errorf("got %v, want the connection dropped", got)
		}
		log.want(t, "error", "broken")
	}()
	ask(edge, "GET", "/", "")
}

func TestAClientThatLeftIsNoFailureOfOurs(t *testing.T) {
	edge, log := newEdge(t)
	edge.Browser.Handle("GET /", func(_ http.ResponseWriter, r *http.Request) error { return r.Context().Err() })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	edge.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, "GET", "/", nil))
	log.want(t, "status", 499)
	log.want(t, "level", "INFO")
}

func TestEveryAnswerCarriesTheHeadersOfItsMux(t *testing.T) {
	edge, _ := newEdge(t)
	edge.Browser.Handle("GET /page", func(w http.ResponseWriter, _ *http.Request) error { return nil })
	edge.API.Handle("GET /api", Route{Handler: func(w http.ResponseWriter, _ *http.Request) error { return nil }})
	common := []string{"X-Content-Type-Options", "nosniff", "X-Frame-Options", "DENY", "Cache-Control", "no-store",
		"Strict-Transport-Security", "max-age=31536000; includeSubDomains", "Cross-Origin-Resource-Policy", "same-origin"}
	page := append([]string{"Referrer-Policy", "same-origin", "Cross-Origin-Opener-Policy", "same-origin"}, common...)
	api := append([]string{"Referrer-Policy", "no-referrer"}, common...)
	for _, row := range []struct {
		method, path string
		status       int
		want         []string
	}{
		{"GET", "/page", 200, page}, {"GET", "/nowhere", 404, page}, {"POST", "/page", 405, page},
		{"GET", "/api", 200, api}, {"POST", "/api", 405, api},
	} {
		w := ask(edge, row.method, row.path, "")
		if w.Code != row.status {
			t.Errorf("%s %s: got %d, want %d", row.method, row.path, w.Code, row.status)
		}
		for i := 0; i < len(row.want); i += 2 {
			if got := w.Header().Get(row.want[i]); got != row.want[i+1] {
				t.Errorf("%s %s: got %s %q, want %q", row.method, row.path, row.want[i], got, row.want[i+1])
			}
		}
		csp := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s %s: got policy %q", row.method, row.path, csp)
		}
	}
	if w := ask(edge, "POST", "/page", ""); w.Header().Get("Allow") == "" {
		t.Error("405 without Allow")
	}
}

func TestHSTSNeedsHTTPSAndCanBeDeclined(t *testing.T) {
	edge, _ := newEdge(t)
	edge.NoHSTS = true
	if got := ask(edge, "GET", "/", "").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("declined: got %q", got)
	}
	edge.NoHSTS, edge.PublicURL = false, "http://localhost:8080"
	// A forwarded scheme changes nothing: only the public URL says what we are.
	if got := ask(edge, "GET", "/", "", "X-Forwarded-Proto", "https").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("http: got %q", got)
	}
}

func TestTheRequestKnowsItsIDAndClient(t *testing.T) {
	edge, _ := newEdge(t)
	edge.Browser.Handle("GET /", func(w http.ResponseWriter, r *http.Request) error {
		fmt.Fprint(w, RequestID(r.Context()), " ", ClientIP(r.Context()))
		return nil
	})
	w := ask(edge, "GET", "/", "")
	if got, want := w.Body.String(), w.Header().Get("X-Request-Id")+" 192.0.2.1"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if RequestID(context.Background()) != "" || ClientIP(context.Background()).IsValid() {
		t.Error("outside of a request there is neither")
	}
}

func TestWhatIsLoggedWithinARequestHasItsId(t *testing.T) {
	edge, log := newEdge(t)
	edge.Log = slog.New(LogRequests(slog.NewJSONHandler(log, nil)))
	edge.Browser.Handle("GET /page", func(_ http.ResponseWriter, r *http.Request) error {
		edge.Log.With("a", "b").WithGroup("g").InfoContext(r.Context(), "within")
		return nil
	})
	id := ask(edge, "GET", "/page", "").Header().Get("X-Request-Id")
	edge.Log.Info("outside")
	if n := strings.Count(log.String(), id); n != 2 || strings.Count(log.String(), `"request":`) != 2 {
		t.Errorf("want the id %s once in each of two lines, got:\n%s", id, log)
	}
}

func TestARequestIsCountedByItsRoute(t *testing.T) {
	edge, _ := newEdge(t)
	var got []string
	edge.Observe = func(route string, status int, _ time.Duration) { got = append(got, fmt.Sprint(route, " ", status)) }
	edge.Browser.Handle("GET /login/{id}", func(http.ResponseWriter, *http.Request) error { return nil })
	edge.API.Handle("GET /api", Route{Handler: func(http.ResponseWriter, *http.Request) error { panic("x") }})
	ask(edge, "GET", "/login/a-stranger-chose-this", "")
	ask(edge, "GET", "/a-stranger-chose-this", "")
	ask(edge, "GET", "/api", "")
	if want := "[GET /login/{id} 200  404 GET /api 500]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
