package guard

import (
	"net/http"
	"strings"
)

// CORS says which other origins may read a route's answers. Credentials are never allowed.
type CORS struct {
	Origin  func(origin string) bool // nil: everybody, which is right for public documents only
	Methods []string                 // nil means GET
	Headers []string                 // request headers beyond the simple ones
	Expose  []string                 // response headers a script may read
}

// allow marks an answer as readable. A nil CORS marks nothing.
func (c *CORS) allow(w http.ResponseWriter, r *http.Request) bool {
	if c == nil {
		return false
	}
	h := w.Header()
	if c.Origin != nil {
		h.Add("Vary", "Origin")
	}
	origins := r.Header.Values("Origin")
	if len(origins) != 1 {
		return false
	}
	switch {
	case c.Origin == nil:
		h.Set("Access-Control-Allow-Origin", "*")
	case origins[0] != "null" && c.Origin(origins[0]):
		h.Set("Access-Control-Allow-Origin", origins[0])
	default:
		return false
	}
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if len(c.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.Expose, ", "))
	}
	return true
}

func (c *CORS) preflight(w http.ResponseWriter, r *http.Request) {
	if c.allow(w, r) {
		methods := c.Methods
		if methods == nil {
			methods = []string{http.MethodGet}
		}
		h := w.Header()
		h.Set("Access-Control-Allow-Methods", strings.Join(methods, ", "))
		if len(c.Headers) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.Join(c.Headers, ", "))
		}
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}
