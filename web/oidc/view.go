package oidc

import (
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// formPost answers a client by a form that submits itself (OAuth 2.0 Form Post
// Response Mode). Button continue, state done.
type formPost struct {
	page.Frame
	Action string
	Fields []idp.Field
}

func (s *Surface) postForm(w http.ResponseWriter, response idp.Response, c client.Client) error {
	// The one form on this page goes to the one place that was registered.
	if err := guard.AllowFormTo(w, response.Request.RedirectURI); err != nil {
		return err
	}
	return s.views.Render(w, http.StatusOK, "form-post", formPost{
		Frame: frameOf(c), Action: response.Request.RedirectURI, Fields: response.Fields(s.Issuer),
	})
}

// signedOut forwards the browser to the application after signing out, and has other
// applications sign the person out before. Link continue, state done. It is a page because Chromium applies form-action to every redirect that
// follows a submitted form.
type signedOut struct {
	page.Frame
	URL    string // "" if it ends here
	Frames []frame
}

// Forward is the URL for the template, which would not let the scheme of a native
// application through.
func (v signedOut) Forward() template.URL { return template.URL(v.URL) }

var errForward = errors.New("forward after signing out: the address leads nowhere")

func (s *Surface) forwardSignedOut(w http.ResponseWriter, target string, c client.Client) error {
	if !forwardable(target) {
		return errForward
	}
	return s.views.Render(w, http.StatusOK, "signed-out-forward", signedOut{Frame: frameOf(c), URL: target})
}

// forwardable refuses addresses that would run in our page. Registration refuses their
// schemes; this is the second lock.
func forwardable(target string) bool {
	u, err := url.Parse(target)
	return err == nil && u.Scheme != "" &&
		!slices.Contains([]string{"javascript", "data", "vbscript", "file", "blob", "about"}, strings.ToLower(u.Scheme))
}

func frameOf(c client.Client) page.Frame { return page.Frame{App: page.App{Name: c.Name}} }
