package guard

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/nod-idp/nod/internal/turn"
)

// formLimit is the most a form may weigh.
const formLimit = 64 << 10

// Browser is the mux for pages. Every answer carries the headers of a page, and every unsafe request must come
// from our own origin, but for the paths exempted when it was made.
type Browser struct {
	// ErrorPage draws a problem; nil answers in plain text.
	ErrorPage func(w http.ResponseWriter, r *http.Request, p Problem)

	// Turns bounds how many pages are made at the same time; nil leaves it open.
	Turns *turn.Turns
	// Limits bounds what one source may send; nil leaves it open. It is set before any page.
	Limits *Limits

	routes   routes
	patterns []string
	origin   http.CrossOriginProtection
}

// NewBrowser makes the mux for pages under publicURL. Exempt names the patterns that other sites may send forms to
// (authorize, end_session): their handlers only store what they got and answer 303.
func NewBrowser(publicURL string, exempt ...string) (*Browser, error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("guard pages: public URL %q has no host", publicURL)
	}
	b := &Browser{}
	// Behind a proxy the Host header need not be ours, and older browsers send Origin only; our own origin counts.
	if err := b.origin.AddTrustedOrigin(u.Scheme + "://" + strings.ToLower(u.Host)); err != nil {
		return nil, fmt.Errorf("guard pages: %w", err)
	}
	for _, pattern := range exempt {
		b.origin.AddInsecureBypassPattern(pattern)
	}
	return b, nil
}

// Handle registers a page under a pattern of http.ServeMux.
func (b *Browser) Handle(pattern string, h Handler) {
	limit := b.Limits.of(pattern)
	b.patterns = append(b.patterns, pattern)
	b.routes.handle(pattern, func(w http.ResponseWriter, r *http.Request) {
		run(w, r, func(w http.ResponseWriter, r *http.Request) error {
			if err := b.origin.Check(r); err != nil {
				return Problem{Status: http.StatusForbidden, Code: "cross_origin", Err: err}
			}
			if err := limit.pass(r); err != nil {
				return err
			}
			return inTurn(b.Turns, w, r, h)
		}, b.fail)
	})
}

// Routes are the patterns that were registered.
func (b *Browser) Routes() []string { return b.patterns }

func (b *Browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := record(w)
	pageHeaders(rec.Header())
	r.Body = http.MaxBytesReader(rec, r.Body, formLimit)
	if p, found := b.routes.serve(rec, r); !found {
		b.refuse(rec, r, p)
	}
}

func (b *Browser) refuse(w http.ResponseWriter, r *http.Request, p Problem) {
	pageHeaders(w.Header())
	run(w, r, func(http.ResponseWriter, *http.Request) error { return p }, b.fail)
}

func (b *Browser) fail(w http.ResponseWriter, r *http.Request, p Problem) {
	// Whatever a handler relaxed before it failed is strict again for the page that tells about it.
	pageHeaders(w.Header())
	if b.ErrorPage != nil {
		b.ErrorPage(w, r, p)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(p.Status)
	fmt.Fprintf(w, "%s\n%s\n%s\n", http.StatusText(p.Status), p.Public, RequestID(r.Context()))
}
