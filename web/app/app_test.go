package app

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

const publicURL = "https://id.northwind.example"

func newMux(t *testing.T, brand page.Brand) http.Handler {
	t.Helper()
	site, err := page.New(brand, Static())
	if err != nil {
		t.Fatal(err)
	}
	surface, err := New(site, publicURL, "BPushKey")
	if err != nil {
		t.Fatal(err)
	}
	b, err := guard.NewBrowser(publicURL)
	if err != nil {
		t.Fatal(err)
	}
	surface.Register(b)
	b.Handle(page.StaticPattern, site.Files)
	return b
}

func get(t *testing.T, h http.Handler, path string) (*http.Response, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func directives(r *http.Response) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(r.Header.Get("Content-Security-Policy"), ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), " ")
		all[name] = value
	}
	return all
}

func TestTheDocumentIsTheSameForEverybodyAndAlwaysAskedAgain(t *testing.T) {
	mux := newMux(t, page.Brand{Name: "Northwind"})
	home, first := get(t, mux, Home)
	_, second := get(t, mux, devices.LinkPath)
	if first != second {
		t.Errorf("%s and %s differ", Home, devices.LinkPath)
	}
	if home.StatusCode != 200 || home.Header.Get("Cache-Control") != "no-cache" || len(home.Cookies()) != 0 {
		t.Errorf("got %d, %v", home.StatusCode, home.Header)
	}
	for _, want := range []string{`data-public-url="` + publicURL + `"`, `data-push-key="BPushKey"`, `data-brand="Northwind"`, `<noscript>`, `rel="manifest"`} {
		if !strings.Contains(first, want) {
			t.Errorf("got a document without %s", want)
		}
	}
	if strings.Contains(first, "data-numeric") {
		t.Error("a named host counts as an address")
	}
}

func TestOnlyThisPageMayRunAWorkerAndEverythingElseStaysStrict(t *testing.T) {
	got, _ := get(t, newMux(t, page.Brand{}), Home)
	policy := directives(got)
	for name, want := range map[string]string{
		"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "base-uri": "'none'",
		"worker-src": "'self'", "manifest-src": "'self'", "frame-ancestors": "'none'",
		"require-trusted-types-for": "'script'", "trusted-types": "nod-app",
	} {
		if policy[name] != want {
			t.Errorf("%s: got %q, want %q", name, policy[name], want)
		}
	}
}

func TestAnAddressInPlaceOfANameIsTold(t *testing.T) {
	for address, want := range map[string]bool{
		"https://192.0.2.7": true, "http://127.0.0.1:8080": true, "https://[2001:db8::1]:8443": true,
		"http://localhost:8080": false, "https://id.example": false,
	} {
		if got := numeric(address); got != want {
			t.Errorf("%s: got %v, want %v", address, got, want)
		}
	}
}

func TestThePageIsDrawnWithNothingAndWithStrangeNames(t *testing.T) {
	const evil = `<script>alert(1)</script>"'{client}`
	site, err := page.New(page.Brand{Name: evil, HelpURL: "https://help.example/?a=1&b=2"}, Static())
	if err != nil {
		t.Fatal(err)
	}
	surface, err := New(site, publicURL, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, view := range map[string]Page{
		"empty": {}, "full": {PublicURL: evil, PushKey: evil, Release: evil, Manifest: "/m", Numeric: true},
	} {
		w := httptest.NewRecorder()
		if err := surface.set.Render(w, 200, "app", view); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(w.Body.String(), "<script>alert") {
			t.Errorf("%s: a name was not escaped", name)
		}
		if got := strings.Contains(w.Body.String(), "data-numeric"); got != view.Numeric {
			t.Errorf("%s: data-numeric: got %v", name, got)
		}
	}
}

func TestTheManifestMakesThePageInstallable(t *testing.T) {
	mux := newMux(t, page.Brand{Name: `North "wind"`})
	r, body := get(t, mux, manifestPath)
	if r.Header.Get("Content-Type") != "application/manifest+json" || r.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %v", r.Header)
	}
	var m manifest
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatal(err)
	}
	if m.Name != `North "wind"` || m.ID != Home || m.StartURL != Home || m.Scope != Home || m.Display != "standalone" {
		t.Errorf("got %+v", m)
	}
	maskable := false
	for _, i := range m.Icons {
		maskable = maskable || i.Purpose == "maskable"
		if picture, _ := get(t, mux, i.Src); picture.StatusCode != 200 || picture.Header.Get("Content-Type") != "image/png" {
			t.Errorf("%s: got %d", i.Src, picture.StatusCode)
		}
	}
	if len(m.Icons) < 3 || !maskable {
		t.Errorf("got icons %+v", m.Icons)
	}
}

func TestTheSystemPaintsWithTheColoursOfTheCard(t *testing.T) {
	tokens, err := os.ReadFile("../page/static/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	_, document := get(t, newMux(t, page.Brand{}), Home)
	for name, pattern := range map[string]string{"--paper": cardColour, "--night-card": "#171d1b"} {
		if !strings.Contains(string(tokens), name+": "+pattern+";") {
			t.Errorf("tokens.css has another %s than %s", name, pattern)
		}
		if !strings.Contains(document, `content="`+pattern+`"`) {
			t.Errorf("no theme colour %s", pattern)
		}
	}
}

func TestTheWorkerKnowsItsShellAndEveryFileOfItExists(t *testing.T) {
	mux := newMux(t, page.Brand{Name: "Northwind"})
	r, script := get(t, mux, workerPath)
	if r.Header.Get("Content-Type") != "text/javascript; charset=utf-8" || r.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("got %v", r.Header)
	}
	m := regexp.MustCompile(`(?s)^import \{ serve \} from "(/static/[0-9a-f]+/app/worker\.js)";\n\nserve\((\{.*\})\);\n$`).FindStringSubmatch(script)
	if m == nil {
		t.Fatalf("got %s", script)
	}
	var told served
	if err := json.Unmarshal([]byte(m[2]), &told); err != nil {
		t.Fatal(err)
	}
	if told.Page != Home || !strings.Contains(m[1], "/"+told.Release+"/") || told.Shell[0] != Home {
		t.Errorf("got %+v", told)
	}
	for _, address := range append(told.Shell, m[1], told.Icon, told.Badge) {
		if got, _ := get(t, mux, address); got.StatusCode != 200 {
			t.Errorf("%s: got %d", address, got.StatusCode)
		}
	}
	_, document := get(t, mux, Home)
	for _, used := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(document, -1) {
		if !strings.Contains(script, `"`+used[1]+`"`) {
			t.Errorf("%s is used by the page and not in the shell", used[1])
		}
	}
}

func TestEverythingTheWorkerSaysIsInTheCatalogue(t *testing.T) {
	source, err := os.ReadFile("static/app/texts.js")
	if err != nil {
		t.Fatal(err)
	}
	_, script := get(t, newMux(t, page.Brand{}), workerPath)
	gap := regexp.MustCompile(`\{\w+\}`)
	own := regexp.MustCompile(`(?m)^\t(\w+): "(.*)",$`).FindAllStringSubmatch(string(source), -1)
	if len(own) == 0 {
		t.Fatal("texts.js has no texts")
	}
	for _, m := range own {
		given := regexp.MustCompile(`"` + m[1] + `": "(.*)"`).FindStringSubmatch(script)
		if given == nil || given[1] == "" {
			t.Errorf("the worker is given no text for %s", m[1])
			continue
		}
		if got, want := gap.FindAllString(given[1], -1), gap.FindAllString(m[2], -1); strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s has the gaps %v, want %v", m[1], got, want)
		}
	}
	if n := strings.Count(script[strings.Index(script, `"texts"`):], `": "`); n != len(own) {
		t.Errorf("the worker is given %d texts and has %d", n, len(own))
	}
}
