package pair

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/web/page"
)

func TestEveryPageIsDrawnFullAndEmpty(t *testing.T) {
	site, err := page.New(page.Brand{Name: "Northwind"}, Static())
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(site, Surface{})
	if err != nil {
		t.Fatal(err)
	}
	const evil = `<script>alert(1)</script>`
	for _, row := range []struct {
		says, page string
		view       any
		state      string
		has, lacks []string
	}{
		{"enter", "enter", Enter{Action: Path, Code: evil}, "link", []string{`id="user-code"`, `id="link-continue"`, `action="/link"`}, []string{`id="code-error"`}},
		{"a wrong code", "enter", Enter{Wrong: true}, "link", []string{`id="code-error"`, "no such code"}, nil},
		{"too many codes", "enter", Enter{Wait: 90 * time.Second}, "link", []string{`id="code-error"`, "2 minutes"}, nil},
		{"closed", "enter", Enter{Closed: true}, "link", []string{`id="code-error"`, "tomorrow"}, nil},
		{"question", "question", Question{Token: "tok", AllowURL: "/a", DenyURL: "/d", Name: evil, Code: "BCDF-GHJK", IP: "192.0.2.1", Account: evil, Items: []string{evil}}, "link-question",
			[]string{`id="device-allow"`, `id="device-deny"`, "BCDF-GHJK", "192.0.2.1", `value="tok"`, `id="link-warning"`}, nil},
		{"question, empty", "question", Question{}, "link-question", nil, []string{"Asked from"}},
		{"allowed", "allowed", Plain{}, "link-allowed", nil, []string{"<form"}},
		{"denied", "denied", Plain{AgainURL: Path}, "link-denied", []string{`href="/link"`}, []string{"<form"}},
		{"over", "over", Plain{AgainURL: Path}, "link-over", []string{`href="/link"`}, []string{"<form"}},
	} {
		w := httptest.NewRecorder()
		if err := s.set.Render(w, http.StatusOK, row.page, row.view); err != nil {
			t.Errorf("%s: %v", row.says, err)
			continue
		}
		body := w.Body.String()
		for _, want := range append(row.has, `data-state="`+row.state+`"`) {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", row.says, want)
			}
		}
		for _, unwanted := range append(row.lacks, evil) {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s has %s", row.says, unwanted)
			}
		}
	}
}
