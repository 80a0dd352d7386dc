// Package pair is the page on which a person signs in something without a browser, under
// /link: they type the code that stands on the other screen, sign in as ever, and say
// whether that thing may go on (RFC 8628, section 3.3). It owns how these pages look. Who
// the person has to prove to be is decided by idp, what a code is worth by idp/pairing.
package pair

import (
	"embed"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/pairing"
	"github.com/nod-idp/nod/web/cookie"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// Static is the folder of this surface's style sheets and scripts, for page.New.
func Static() fs.FS { return page.Folder(staticFiles) }

// Path is where people type the code, below the public URL. It is short, since some have
// to type it too.
const Path = "/link"

const (
	allowedPath = Path + "/allowed"
	deniedPath  = Path + "/denied"
	overPath    = Path + "/over"
)

// Address is where a login for a pairing leads back to.
func Address(pairingID string) string { return Path + "/" + pairingID }

// Surface answers everything under /link.
type Surface struct {
	Logins   *idp.Service
	Pairings *pairing.Pairings
	Clients  *client.Clients
	Jar      cookie.Jar

	site *page.Site
	set  *page.Set
}

// New prepares the pages. The site must have been made with Static.
func New(site *page.Site, s Surface) (*Surface, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare the pages of pairings: %w", err)
	}
	s.site, s.set = site, set
	return &s, nil
}

// Register adds the surface's routes.
func (s *Surface) Register(b *guard.Browser) {
	b.Handle("GET "+Path, s.ask)
	b.Handle("POST "+Path, s.enter)
	b.Handle("GET "+allowedPath, s.plain("allowed"))
	b.Handle("GET "+deniedPath, s.plain("denied"))
	b.Handle("GET "+overPath, s.plain("over"))
	b.Handle("GET "+Path+"/{pairing}", s.question)
	b.Handle("POST "+Path+"/{pairing}/allow", s.deciding((*pairing.Pairings).Allow, allowedPath))
	b.Handle("POST "+Path+"/{pairing}/deny", s.deciding((*pairing.Pairings).Deny, deniedPath))
}

// Plain says what became of it, the same to everybody. States link-allowed, link-denied
// and link-over.
type Plain struct {
	page.Frame
	AgainURL string
}

func (s *Surface) plain(name string) guard.Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		return s.set.Render(w, http.StatusOK, name, Plain{AgainURL: Path})
	}
}
