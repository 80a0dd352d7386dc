package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/web/guard"
)

// assets are all static files of all surfaces, in memory. They share one hash in their address, so that a script
// can import its neighbour by a relative name and both are of the same release.
type assets struct {
	hash  string
	files map[string]asset
}

type asset struct {
	body []byte
	kind string
	etag string
}

// kinds are the only files served: a type nobody listed is a mistake, not something to guess.
var kinds = map[string]string{
	".css":         "text/css; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".webmanifest": "application/manifest+json",
}

func gather(brandStyle []byte, folders []fs.FS) (*assets, error) {
	a := &assets{files: map[string]asset{}}
	add := func(name string, body []byte) error {
		kind := kinds[path.Ext(name)]
		if kind == "" {
			return fmt.Errorf("gather static files: %s has a type that is not served", name)
		}
		if _, twice := a.files[name]; twice {
			return fmt.Errorf("gather static files: two surfaces have a %s", name)
		}
		sum := sha256.Sum256(body)
		a.files[name] = asset{body: body, kind: kind, etag: `"` + hex.EncodeToString(sum[:16]) + `"`}
		return nil
	}
	if err := add("brand.css", brandStyle); err != nil {
		return nil, err
	}
	for _, folder := range folders {
		err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			body, err := fs.ReadFile(folder, name)
			if err != nil {
				return err
			}
			return add(name, body)
		})
		if err != nil {
			return nil, fmt.Errorf("gather static files: %w", err)
		}
	}
	all := sha256.New()
	for _, name := range a.names() {
		fmt.Fprintf(all, "%s %s\n", name, a.files[name].etag)
	}
	a.hash = hex.EncodeToString(all.Sum(nil)[:8])
	return a, nil
}

func (a *assets) names() []string {
	names := make([]string, 0, len(a.files))
	for name := range a.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// StaticPattern is where Files is registered.
const StaticPattern = "GET /static/{hash}/{name...}"

// Static returns the address of a static file. A name that does not exist is an error, which a template reports.
func (s *Site) Static(name string) (string, error) {
	if _, found := s.assets.files[name]; !found {
		return "", fmt.Errorf("no static file %q", name)
	}
	return "/static/" + s.assets.hash + "/" + name, nil
}

// Files serves the static files under StaticPattern. An address of another release, which a page can hold while
// several nodes are being upgraded, gets today's file, but nobody may keep it.
func (s *Site) Files(w http.ResponseWriter, r *http.Request) error {
	cache := "public, max-age=31536000, immutable"
	if r.PathValue("hash") != s.assets.hash {
		cache = "no-cache"
	}
	return s.serveFile(w, r, r.PathValue("name"), cache)
}

// Favicon serves the icon for browsers that ask for it at the root, under "GET /favicon.ico".
func (s *Site) Favicon(w http.ResponseWriter, r *http.Request) error {
	return s.serveFile(w, r, "favicon.svg", "public, max-age=86400")
}

func (s *Site) serveFile(w http.ResponseWriter, r *http.Request, name, cache string) error {
	file, found := s.assets.files[name]
	if !found {
		return guard.NotFound(nil)
	}
	h := w.Header()
	h.Set("Content-Type", file.kind)
	h.Set("Cache-Control", cache)
	h.Set("ETag", file.etag)
	// A picture opened by its own address is a document, and this keeps it a lifeless one.
	h.Set("Content-Security-Policy", strings.Join([]string{"default-src 'none'", "style-src 'unsafe-inline'", "sandbox"}, "; "))
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file.body))
	return nil
}
