package login

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Static is the folder of this surface's style sheets and scripts, for page.New.
func Static() fs.FS { return page.Folder(staticFiles) }

// Views draws the pages of a login. Each page is a struct of this package; its forms are sent by POST to the
// addresses in it, with the token as form_token.
type Views struct {
	site *page.Site
	set  *page.Set
}

// NewViews parses the templates. The site must have been made with Static.
func NewViews(site *page.Site) (*Views, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare login pages: %w", err)
	}
	return &Views{site: site, set: set}, nil
}

// View is a page of a login: one of the structs in the view files.
type View interface {
	view() (template string, status int)
}

// Show answers with the page.
func (v *Views) Show(w http.ResponseWriter, view View) error {
	switch page := view.(type) {
	case Done:
		if err := forwardable(page.URL); err != nil {
			return err
		}
	case DoneForm:
		// The one page whose form may leave, and only to the one place it names.
		if err := guard.AllowFormTo(w, page.Action); err != nil {
			return err
		}
	case Consent:
		view = page.inWords(v.site)
	}
	name, status := view.view()
	return v.set.Render(w, status, name, view)
}

// Question is what every page of a running login carries beside its own.
type Question struct {
	page.Frame
	Token     string // one-time form token
	CancelURL string // where the button cancel is sent; "" draws none
}
