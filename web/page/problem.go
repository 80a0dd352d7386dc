package page

import (
	"fmt"
	"net/http"

	"github.com/nod-idp/nod/web/guard"
)

// Problem is the page that tells about a failure: what it means, what to do next, and who can put it right.
type Problem struct {
	Frame
	Title     string
	Meaning   string
	Next      string
	Side      string // in words
	RequestID string
}

// Problem draws p as a page. It is what guard.Browser calls for every error.
func (s *Site) Problem(w http.ResponseWriter, r *http.Request, p guard.Problem) {
	view := Problem{RequestID: guard.RequestID(r.Context())}
	view.Title, view.Meaning, view.Next = s.describe(p)
	switch p.Side {
	case guard.SideApplication:
		view.Side = s.Text("problem.side.application")
	case guard.SideServer:
		view.Side = s.Text("problem.side.server", s.brand.Name)
	}
	if err := s.own.Render(w, p.Status, "problem", view); err != nil {
		// The page about problems has one of its own. Its words must do without a template.
		http.Error(w, fmt.Sprintf("%s\n%s", http.StatusText(p.Status), view.RequestID), p.Status)
	}
}

// describe fills in what a problem left open, from its status. What the problem says of itself comes first.
func (s *Site) describe(p guard.Problem) (title, meaning, next string) {
	switch {
	case p.Code == "cross_origin":
		title, meaning, next = s.Text("problem.foreign"), s.Text("problem.foreign.meaning"), s.Text("problem.foreign.next")
	case p.Status == http.StatusNotFound:
		title, meaning, next = s.Text("problem.missing"), s.Text("problem.missing.meaning"), s.Text("problem.missing.next")
	case p.Status == http.StatusTooManyRequests:
		title, meaning, next = s.Text("problem.busy"), s.Text("problem.busy.meaning"), s.Text("problem.busy.next")
	case p.Status == http.StatusServiceUnavailable:
		title, meaning, next = s.Text("problem.away"), s.Text("problem.away.meaning"), s.Text("problem.away.next")
	case p.Status >= 500:
		title, meaning, next = s.Text("problem.server"), s.Text("problem.server.meaning"), s.Text("problem.server.next")
	case p.Side == guard.SideApplication:
		title, meaning, next = s.Text("problem.application"), s.Text("problem.application.meaning"), s.Text("problem.application.next")
	default:
		title, meaning, next = s.Text("problem.request"), s.Text("problem.request.meaning"), s.Text("problem.request.next")
	}
	if p.RetryAfter > 0 {
		next = s.Text("problem.wait", s.Words(p.RetryAfter))
	}
	return or(p.Title, title), or(p.Public, meaning), or(p.Next, next)
}

// or is the first text that says something.
func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
