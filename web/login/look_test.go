package login

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/browsertest"
	"github.com/nod-idp/nod/internal/browsertest/axe"
	"github.com/nod-idp/nod/internal/browsertest/chromium"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// leaves are the parts of a page that take the browser elsewhere by themselves.
var leaves = regexp.MustCompile(`<script [^>]*></script>|<meta http-equiv="refresh"[^>]*>`)

// gallery serves the page of every story, under the headers that pages have.
func gallery(t *testing.T) *httptest.Server {
	t.Helper()
	views := newViews(t)
	pages, err := guard.NewBrowser("http://localhost")
	if err != nil {
		t.Fatal(err)
	}
	pages.Handle(page.StaticPattern, views.site.Files)
	pages.Handle("GET /favicon.ico", views.site.Favicon)
	pages.Handle("GET /story/{number}", func(w http.ResponseWriter, r *http.Request) error {
		number, err := strconv.Atoi(r.PathValue("number"))
		if err != nil {
			return err
		}
		drawn := httptest.NewRecorder()
		if err := views.Show(drawn, stories()[number].view); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err = io.WriteString(w, leaves.ReplaceAllString(drawn.Body.String(), ""))
		return err
	})
	server := httptest.NewServer(pages)
	t.Cleanup(server.Close)
	return server
}

// Pictures of every page, on the desktop too, are written to the folder that NOD_PICTURES names.
func TestEveryPageIsAccessibleInLightAndDark(t *testing.T) {
	server := gallery(t)
	tab := chromium.StartWithoutPush(t).Tab()
	screens := map[string]browsertest.Screen{"light": browsertest.Phone(), "dark": browsertest.Phone().InTheDark()}
	if os.Getenv(axe.Pictures) != "" {
		screens["desktop light"], screens["desktop dark"] = browsertest.Desktop(), browsertest.Desktop().InTheDark()
	}
	for scheme, screen := range screens {
		screen.Still = true
		tab.Screen(screen)
		for i, s := range stories() {
			if strings.HasSuffix(s.name, ", empty") { // a struct that no login ever shows
				continue
			}
			tab.Open(fmt.Sprintf("%s/story/%d", server.URL, i))
			axe.Look(t, tab, s.name+", "+scheme)
		}
	}
	for _, m := range tab.Problems() {
		t.Errorf("a page complained: %s %s", m.Kind, m.Text)
	}
}
