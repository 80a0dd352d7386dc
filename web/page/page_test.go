package page

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nod-idp/nod/web/guard"
)

const evil = `Alice's "Pixel" <script>alert(1)</script>`

func newSite(t *testing.T, brand Brand) *Site {
	t.Helper()
	site, err := New(brand)
	if err != nil {
		t.Fatal(err)
	}
	return site
}

var stateOf = regexp.MustCompile(`<main data-state="([a-z]+)"`)

func TestEverySharedPageIsDrawnFullAndEmpty(t *testing.T) {
	site := newSite(t, Brand{Name: "Northwind", HelpURL: "https://help.example/"})
	frame := Frame{App: App{Name: evil, LogoURL: "/logo.png"}}
	for _, row := range []struct {
		name  string
		draw  func(http.ResponseWriter) error
		state string
		ids   []string
	}{
		{"sign out?", func(w http.ResponseWriter) error {
			return site.LogoutConfirm(w, LogoutConfirm{frame, "t", "/out", "/stay", evil})
		}, "consent", []string{"logout-confirm"}},
		{"sign out?, empty", func(w http.ResponseWriter) error { return site.LogoutConfirm(w, LogoutConfirm{}) }, "consent", []string{"logout-confirm"}},
		{"signed out", func(w http.ResponseWriter) error {
			return site.SignedOut(w, SignedOut{frame, "https://app.example/", "/in"})
		}, "done", nil},
		{"signed out, empty", func(w http.ResponseWriter) error { return site.SignedOut(w, SignedOut{}) }, "done", nil},
		{"device", func(w http.ResponseWriter) error {
			return site.ConfirmDevice(w, ConfirmDevice{frame, "t", "/y", "/n", evil, evil, "7F3A·91C2", evil})
		}, "consent", []string{"confirm-device", "refuse-device"}},
		{"device, empty", func(w http.ResponseWriter) error { return site.ConfirmDevice(w, ConfirmDevice{}) }, "consent", []string{"confirm-device", "refuse-device"}},
		{"problem", func(w http.ResponseWriter) error {
			return site.own.Render(w, 400, "problem", Problem{frame, evil, evil, evil, evil, "req_1"})
		}, "error", nil},
		{"problem, empty", func(w http.ResponseWriter) error { return site.own.Render(w, 500, "problem", Problem{}) }, "error", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := httptest.NewRecorder()
			if err := row.draw(w); err != nil {
				t.Fatal(err)
			}
			html := w.Body.String()
			if found := stateOf.FindAllStringSubmatch(html, -1); len(found) != 1 || found[0][1] != row.state {
				t.Errorf("got states %v, want one: %s", found, row.state)
			}
			for _, id := range row.ids {
				if strings.Count(html, `id="`+id+`" name="`+id+`"`) != 1 {
					t.Errorf("want %s once in:\n%s", id, html)
				}
			}
			if strings.Contains(html, "<script>") || strings.Contains(html, "%!") || strings.Contains(html, "ZgotmplZ") {
				t.Errorf("foreign markup or a broken text in:\n%s", html)
			}
		})
	}
}

func TestAProblemSaysWhatItMeansAndWhoMustAct(t *testing.T) {
	site := newSite(t, Brand{Name: "Northwind"})
	browser, err := guard.NewBrowser("https://id.example")
	if err != nil {
		t.Fatal(err)
	}
	browser.ErrorPage = site.Problem
	edge := &guard.Edge{Browser: browser, Log: slog.New(slog.DiscardHandler)}
	for _, row := range []struct {
		name  string
		err   error
		want  []string
		lacks string
	}{
		{"our fault", errors.New("hidden detail"), []string{"Something broke on our side", "solved at Northwind"}, "hidden detail"},
		{"maintenance", guard.Problem{Status: 503}, []string{"Back in a moment"}, "broke"},
		{"the application's fault", guard.Problem{Status: 400, Side: guard.SideApplication, Public: "No such redirect address."},
			[]string{"The application’s request does not work", "No such redirect address.", "Its developers need"}, ""},
		{"nothing there", guard.NotFound(nil), []string{"There is nothing here"}, "administrator"},
		{"too much", guard.Problem{Status: 429, RetryAfter: 90 * time.Second}, []string{"A short break", "Wait 2 minutes"}, ""},
		{"a foreign form", guard.Problem{Status: 403, Code: "cross_origin"}, []string{"This form came from elsewhere"}, ""},
		{"its own words come first", guard.Problem{Status: 400, Title: "My title", Public: "My meaning.", Next: "My next."},
			[]string{"<h1 tabindex=\"-1\">My title</h1>", "My meaning.", "My next."}, "That did not work"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := "/" + strings.ReplaceAll(row.name, " ", "-")
			browser.Handle("GET "+path, func(http.ResponseWriter, *http.Request) error { return row.err })
			w := httptest.NewRecorder()
			edge.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			html := w.Body.String()
			for _, want := range append(row.want, w.Header().Get("X-Request-Id")) {
				if !strings.Contains(html, want) {
					t.Errorf("want %q in:\n%s", want, html)
				}
			}
			if row.lacks != "" && strings.Contains(html, row.lacks) {
				t.Errorf("do not want %q in:\n%s", row.lacks, html)
			}
		})
	}
}

func TestAPageThatCannotBeDrawnSendsNothing(t *testing.T) {
	site := newSite(t, Brand{})
	set, err := site.Set(fstest.MapFS{
		"templates/_part.html":  {Data: []byte(`{{define "part"}}{{.Name}}{{end}}`)},
		"templates/broken.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}<main>{{.Missing}}</main>{{end}}`)},
		"templates/untold.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{text .App.Name}}{{end}}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(set.Names(), "nonexistent") {
		w := httptest.NewRecorder()
		if err := set.Render(w, 200, name, Frame{}); err == nil || w.Body.Len() != 0 {
			t.Errorf("%s: got %v and %d bytes, want an error and none", name, err, w.Body.Len())
		}
	}
	for name, files := range map[string]fstest.MapFS{
		"nothing to parse": {},
		"a broken page":    {"templates/a.html": {Data: []byte(`{{`)}},
		"a broken part":    {"templates/_a.html": {Data: []byte(`{{`)}},
		"a missing text":   {"templates/a.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{text "no.such.key"}}{{end}}`)}},
		"a missing file":   {"templates/a.html": {Data: []byte(`{{define "title"}}x{{end}}{{define "main"}}{{static "missing.css"}}{{end}}`)}},
	} {
		if _, err := site.Set(files); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestStaticFilesAreKeptForEverUnderTheirHash(t *testing.T) {
	site, err := New(Brand{}, fstest.MapFS{"extra.js": {Data: []byte("export {};")}})
	if err != nil {
		t.Fatal(err)
	}
	browser, _ := guard.NewBrowser("https://id.example")
	browser.Handle(StaticPattern, site.Files)
	browser.Handle("GET /favicon.ico", site.Favicon)
	get := func(path string, header ...string) *http.Response {
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		browser.ServeHTTP(w, r)
		return w.Result()
	}
	for name, kind := range map[string]string{"extra.js": "text/javascript; charset=utf-8", "tokens.css": "text/css; charset=utf-8", "favicon.svg": "image/svg+xml"} {
		url, err := site.Static(name)
		if err != nil {
			t.Fatal(err)
		}
		first := get(url)
		body, _ := io.ReadAll(first.Body)
		if first.StatusCode != 200 || len(body) == 0 || first.Header.Get("Content-Type") != kind ||
			first.Header.Get("Cache-Control") != "public, max-age=31536000, immutable" || first.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: got %d %v", name, first.StatusCode, first.Header)
		}
		if again := get(url, "If-None-Match", first.Header.Get("ETag")); again.StatusCode != 304 {
			t.Errorf("%s: got %d for its ETag, want 304", name, again.StatusCode)
		}
	}
	if got := get("/static/0000000000000000/extra.js"); got.StatusCode != 200 || got.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("an address of another release: got %d %v, want the file uncached", got.StatusCode, got.Header)
	}
	if got := get("/favicon.ico"); got.StatusCode != 200 || got.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("favicon: got %d %v", got.StatusCode, got.Header)
	}
	for _, missing := range []string{"/static/x/missing.js", "/static/x/page.go", "/static/x/..%2fpage.go"} {
		if got := get(missing); got.StatusCode != 404 {
			t.Errorf("%s: got %d, want 404", missing, got.StatusCode)
		}
	}
}

func TestStaticFilesCannotShadowEachOther(t *testing.T) {
	for name, folder := range map[string]fstest.MapFS{
		"a second tokens.css": {"tokens.css": {}},
		"an unknown type":     {"page.html": {}},
	} {
		if _, err := New(Brand{}, folder); err == nil {
			t.Errorf("%s: got no error, want one", name)
		}
	}
}

func TestTimesAreSaidInWords(t *testing.T) {
	site := newSite(t, Brand{})
	for d, want := range map[time.Duration]string{
		-time.Second: "0 seconds", 0: "0 seconds", time.Second: "1 second", 42 * time.Second: "42 seconds", 59001 * time.Millisecond: "1 minute",
		61 * time.Second: "2 minutes", 89 * time.Minute: "89 minutes", 90 * time.Minute: "2 hours", 121 * time.Minute: "3 hours",
	} {
		if got := site.Words(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{-time.Second: "0:00", 102 * time.Second: "1:42", 1500 * time.Millisecond: "0:02", time.Hour: "60:00"} {
		if got := Clock(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}

func TestATileHasALetterAndOneOfSixColours(t *testing.T) {
	for name, want := range map[string]string{"": "", "contoso": "C", "élan": "É", "日本": "日"} {
		app := App{Name: name}
		if app.Initial() != want || app.Tint() < 0 || app.Tint() > 5 {
			t.Errorf("%q: got %q, %d", name, app.Initial(), app.Tint())
		}
	}
}
