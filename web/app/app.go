// Package app is the authenticator: the installable page under /app/ with which a
// phone becomes a device and answers sign-in requests, its service worker and its
// manifest. It owns the document, the screens in it, and which files make up the
// shell that opens without network.
//
// Everything about a person stays in the browser that shows the page: the document
// is the same for everybody, and what it does it does as a device, by the device
// protocol of web/deviceapi. The scripts below static/app speak that protocol; those
// in static/app/ui put it on screen.
//
// Words: a screen is one question or one piece of news, kept in the document as a
// template; the shell is what the worker keeps for opening without network.
package app

import (
	"fmt"
	"net"
	"net/http"
	"net/url"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/web/guard"
	"github.com/nod-idp/nod/web/page"
)

// Home is the address of the authenticator, and the scope of its worker.
const Home = "/app/"

const (
	workerPath   = Home + "worker.js"
	manifestPath = Home + "manifest.webmanifest"
)

// trustedTypes is the one policy of this page that may make the address of a script:
// that of the worker, which browsers demand of whoever registers one.
const trustedTypes = "nod-app"

// Surface answers everything under /app/.
type Surface struct {
	PublicURL string // without a slash at the end
	PushKey   string // what the page subscribes to push with; "" if the server cannot push

	site *page.Site
	set  *page.Set
}

// New prepares the surface for a server that is reached at publicURL.
func New(site *page.Site, publicURL, pushKey string) (*Surface, error) {
	set, err := site.Set(templateFiles)
	if err != nil {
		return nil, fmt.Errorf("prepare the authenticator: %w", err)
	}
	return &Surface{PublicURL: publicURL, PushKey: pushKey, site: site, set: set}, nil
}

// Register adds the surface's routes.
func (s *Surface) Register(b *guard.Browser) {
	b.Handle("GET "+Home+"{$}", s.document)
	b.Handle("GET "+devices.LinkPath, s.document)
	b.Handle("GET "+workerPath, s.worker)
	b.Handle("GET "+manifestPath, s.manifest)
}

// Page is the one document.
type Page struct {
	page.Frame
	PublicURL string
	PushKey   string
	Release   string // of the static files
	Manifest  string // the manifest's address
	// Numeric tells that the server is reached by an IP address, where browsers offer
	// neither fingerprint nor face.
	Numeric bool
}

// document answers with the page. It says nothing about anybody, so a browser may keep
// it and the worker may show it without network; it is asked again each time.
func (s *Surface) document(w http.ResponseWriter, _ *http.Request) error {
	guard.SetPolicy(w, "worker-src", "'self'")
	guard.SetPolicy(w, "manifest-src", "'self'")
	guard.SetPolicy(w, "trusted-types", trustedTypes)
	w.Header().Set("Cache-Control", "no-cache")
	return s.set.Render(w, http.StatusOK, "app", s.page())
}

func (s *Surface) page() Page {
	return Page{
		PublicURL: s.PublicURL, PushKey: s.PushKey, Release: s.site.Release(), Manifest: manifestPath, Numeric: numeric(s.PublicURL),
	}
}

func numeric(address string) bool {
	u, err := url.Parse(address)
	return err == nil && net.ParseIP(u.Hostname()) != nil
}
