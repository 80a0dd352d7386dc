package login

import (
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nod-idp/nod/web/page"
)

// Done forwards the browser to the application. It is a page and not a redirect, because Chromium applies
// form-action to every redirect that follows a submitted form. Link continue, state done.
type Done struct {
	page.Frame
	Device string // "" when no device was asked
	Failed bool   // the application is told that nobody signed in
	URL    string // the redirect URI with its answer
}

func (Done) view() (string, int) { return "done", http.StatusOK }

// Forward is the URL for the template. Native applications have schemes of their own, which the template engine
// would not let through; Show has checked it.
func (p Done) Forward() template.URL { return template.URL(p.URL) }

// DoneForm forwards the browser by a form (response_mode=form_post). Button continue, state done.
type DoneForm struct {
	page.Frame
	Device string
	Failed bool   // the application is told that nobody signed in
	Action string // the redirect URI
	Fields []Field
}

// Field is one hidden field of the answer.
type Field struct {
	Name  string
	Value string
}

func (DoneForm) view() (string, int) { return "done-form", http.StatusOK }

// scriptSchemes run or read something here instead of leading to an application. Registration refuses them; this
// is the second lock.
var scriptSchemes = []string{"javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source"}

func forwardable(raw string) error {
	if raw == "" {
		return errors.New("forward to the application: no address")
	}
	u, err := url.Parse(raw)
	if err != nil {
		// The error would quote the address, and with it the code.
		return errors.New("forward to the application: the address cannot be read")
	}
	if u.Scheme == "" || slices.Contains(scriptSchemes, strings.ToLower(u.Scheme)) {
		return fmt.Errorf("forward to the application: scheme %q leads nowhere", u.Scheme)
	}
	return nil
}
