package guard

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestOnlyOurOwnPagesSendForms(t *testing.T) {
	b, err := NewBrowser("https://id.example", "/authorize")
	if err != nil {
		t.Fatal(err)
	}
	ok := func(w http.ResponseWriter, _ *http.Request) error { return nil }
	b.Handle("/login", ok)
	b.Handle("/authorize", ok)
	for _, row := range []struct {
		name   string
		method string
		path   string
		header []string
		want   int
	}{
		{"our own form", "POST", "/login", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://id.example"}, 200},
		{"our own form from an old browser behind a proxy", "POST", "/login", []string{"Origin", "https://id.example"}, 200},
		{"a foreign form", "POST", "/login", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
		{"a sibling's form", "POST", "/login", []string{"Sec-Fetch-Site", "same-site", "Origin", "https://app.example"}, 403},
		{"an opaque origin", "POST", "/login", []string{"Origin", "null"}, 403},
		{"a foreign form from an old browser", "POST", "/login", []string{"Origin", "https://evil.example"}, 403},
		{"no browser", "POST", "/login", nil, 200},
		{"a foreign link", "GET", "/login", []string{"Sec-Fetch-Site", "cross-site"}, 200},
		{"a foreign form to an exempt path", "POST", "/authorize", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://app.example"}, 200},
		{"a foreign PUT", "PUT", "/login", []string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, 403},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := ask(b, row.method, row.path, "", row.header...).Code; got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
		})
	}
}

func TestABrowserMuxNeedsAnAddress(t *testing.T) {
	for _, bad := range []string{"", "id.example", "https://", ":"} {
		if _, err := NewBrowser(bad); err == nil {
			t.Errorf("%q: got no error, want one", bad)
		}
	}
}

func TestAFormWeighsAtMost64KiB(t *testing.T) {
	b, _ := NewBrowser("https://id.example")
	b.Handle("POST /", func(w http.ResponseWriter, r *http.Request) error {
		_, err := PostForm(r)
		return err
	})
	for size, want := range map[int]int{formLimit - 2: 200, formLimit + 1: 413} {
		if got := ask(b, "POST", "/", "a="+strings.Repeat("x", size), "Content-Type", Form).Code; got != want {
			t.Errorf("%d bytes: got %d, want %d", size, got, want)
		}
	}
}

func TestAPageAboutAProblemIsStrictAgain(t *testing.T) {
	b, _ := NewBrowser("https://id.example")
	var drawn Problem
	b.ErrorPage = func(w http.ResponseWriter, _ *http.Request, p Problem) {
		drawn = p
		w.WriteHeader(p.Status)
	}
	b.Handle("GET /", func(w http.ResponseWriter, _ *http.Request) error {
		SetPolicy(w, "script-src", "'self'", "'wasm-unsafe-eval'")
		w.Header().Set("Cache-Control", "public")
		return Problem{Status: 429, RetryAfter: 1500e6, Header: http.Header{"x-more": {"1"}}}
	})
	w := ask(b, "GET", "/", "")
	if got := w.Header().Get("Content-Security-Policy"); got != policy {
		t.Errorf("got policy %q", got)
	}
	if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Retry-After") != "2" || w.Header().Get("X-More") != "1" {
		t.Errorf("got headers %v", w.Header())
	}
	if drawn.Code != "invalid_request" || drawn.Side != SidePerson {
		t.Errorf("got %+v, want it complete", drawn)
	}
}

func TestAPolicyIsChangedOneDirectiveAtATime(t *testing.T) {
	w := httptest.NewRecorder()
	pageHeaders(w.Header())
	SetPolicy(w, "worker-src", "'self'")
	SetPolicy(w, "trusted-types", "nod")
	got := w.Header().Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'; ", "; worker-src 'self'", "; trusted-types nod", "require-trusted-types-for 'script'"} {
		if !strings.Contains(got, want) {
			t.Errorf("want %q in %q", want, got)
		}
	}
	if strings.Contains(got, "trusted-types 'none'") {
		t.Errorf("want the old value gone from %q", got)
	}
}

func TestAFormTargetCannotSmuggleADirective(t *testing.T) {
	for _, bad := range []string{"", "/cb", "javascript:alert(1)", "https://", "https://a.example;script-src */cb", "https://a b/cb",
		"https://a.example,x/cb", "https://a'b.example", "com.example:/cb", "https://user@", "https://*.example/cb"} {
		w := httptest.NewRecorder()
		if err := AllowFormTo(w, bad); err == nil {
			t.Errorf("%q: got policy %q, want an error", bad, w.Header().Get("Content-Security-Policy"))
		}
	}
	w := httptest.NewRecorder()
	if err := AllowFormTo(w, "https://app.example:8443/cb?x=1;y"); err != nil || w.Header().Get("Content-Security-Policy") != "form-action https://app.example:8443" {
		t.Errorf("got %q, %v", w.Header().Get("Content-Security-Policy"), err)
	}
}

func FuzzAFormTargetAddsOneSource(f *testing.F) {
	f.Add("https://app.example/cb")
	f.Add("https://[::1]:80/;")
	f.Fuzz(func(t *testing.T, target string) {
		w := httptest.NewRecorder()
		if AllowFormTo(w, target) != nil {
			return
		}
		got := w.Header().Get("Content-Security-Policy")
		if strings.ContainsAny(got, ";,'*\r\n") || strings.Count(got, " ") != 1 {
			t.Errorf("%q made the policy %q", target, got)
		}
	})
}

func TestFeaturesAreOffUnlessAskedFor(t *testing.T) {
	got := Permissions("camera")
	if !strings.Contains(got, "camera=(self)") || !strings.Contains(got, "microphone=()") || !strings.Contains(got, "publickey-credentials-get=(self)") {
		t.Errorf("got %q", got)
	}
}

func TestToolkitsHandlersCanBeGuarded(t *testing.T) {
	b, _ := NewBrowser("https://id.example")
	b.Handle("GET /", func(w http.ResponseWriter, _ *http.Request) error {
		_, err := io.WriteString(w, "hello")
		return err
	})
	if got := ask(b, "GET", "/", "").Body.String(); got != "hello" {
		t.Errorf("got %q", got)
	}
}
