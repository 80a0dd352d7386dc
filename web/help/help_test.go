package help

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

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
	for _, row := range []struct {
		says, page string
		view       any
		state      string
		has, lacks []string
	}{
		{"trouble", "trouble", Trouble{AskURL: "/help/password", BackURL: "/login/log_1"}, "trouble", []string{`id="send-reset"`, `id="account"`, `href="/login/log_1"`}, nil},
		{"trouble without mail", "trouble", Trouble{}, "trouble", []string{"Northwind"}, []string{`id="send-reset"`, `id="back"`}},
		{"sent", "sent", Plain{}, "sent", []string{"If there is such an account"}, []string{"<form"}},
		{"code", "code", Code{Action: "/reset", HelpURL: "/help"}, "reset-code", []string{`id="reset-code"`, `id="reset-open"`, `href="/help"`}, []string{`id="code-error"`}},
		{"a wrong code", "code", Code{Wrong: true}, "reset-code", []string{`id="code-error"`}, nil},
		{"choose", "choose", Choose{Username: "<alice>", Action: "/reset/password", Token: "tok", Least: 15}, "reset-password",
			[]string{`id="new-password"`, `id="reset-save"`, `value="tok"`, "&lt;alice&gt;", "At least 15"}, []string{`id="password-error"`, "<alice>"}},
		{"a refused password", "choose", Choose{Refused: "That is too short."}, "reset-password", []string{`id="password-error"`, "That is too short."}, nil},
		{"done", "done", Plain{}, "reset-done", nil, []string{"<form"}},
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
		for _, unwanted := range row.lacks {
			if strings.Contains(body, unwanted) {
				t.Errorf("%s has %s", row.says, unwanted)
			}
		}
	}
}
