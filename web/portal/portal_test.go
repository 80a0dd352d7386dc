package portal

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/page"
)

func TestEveryPageIsDrawn(t *testing.T) {
	site, err := page.New(page.Brand{Name: "Northwind"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(site, nil, cookie.Jar{})
	if err != nil {
		t.Fatal(err)
	}
	const evil = `<script>alert(1)</script>`
	for name, view := range map[string]any{
		"confirmed": Plain{}, "refused": Plain{},
		"overview": Overview{Account: evil, Devices: []string{evil}},
	} {
		w := httptest.NewRecorder()
		if err := s.set.Render(w, 200, name, view); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(w.Body.String(), evil) {
			t.Errorf("%s: a name was not escaped", name)
		}
	}
	if err := s.set.Render(httptest.NewRecorder(), 200, "overview", Overview{}); err != nil {
		t.Errorf("overview, empty: %v", err)
	}
}
