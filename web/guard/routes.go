package guard

import (
	"net/http"
	"strings"
)

// routes is a http.ServeMux that finds in one step what has no wildcard, which most requests ask for, and
// that knows without looking further which requests cannot be its own.
type routes struct {
	mux   http.ServeMux
	fixed map[string]http.HandlerFunc // by pattern, method and path
	roots map[string]bool             // the first parts of all paths
}

// handle registers a handler. Its pattern has no host.
func (t *routes) handle(pattern string, h http.HandlerFunc) {
	t.mux.HandleFunc(pattern, h)
	if t.fixed == nil {
		t.fixed, t.roots = map[string]http.HandlerFunc{}, map[string]bool{}
	}
	method, path, found := strings.Cut(pattern, " ")
	if !found {
		method, path = "", pattern
	}
	t.roots[root(path)] = true
	if method != "" && !strings.ContainsAny(path, "{}") && !strings.HasSuffix(path, "/") {
		t.fixed[pattern] = func(w http.ResponseWriter, r *http.Request) {
			r.Pattern = pattern
			h(w, r)
		}
	}
}

// root is the first part of a path. Where that is a wildcard, or what others begin with too, it is "".
func root(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if strings.HasPrefix(first, "{") {
		return ""
	}
	return first
}

// at returns the handler of a path without wildcards, or nil. A path with an escaped slash is none of these.
func (t *routes) at(r *http.Request) http.HandlerFunc {
	if r.URL.RawPath != "" {
		return nil
	}
	return t.fixed[r.Method+" "+r.URL.Path]
}

// foreign reports whether no path of a request's kind was ever registered.
func (t *routes) foreign(r *http.Request) bool {
	return r.URL.RawPath == "" && !t.roots[""] && !t.roots[root(r.URL.Path)]
}

// serve runs the handler of a request, or returns why there is none.
func (t *routes) serve(w http.ResponseWriter, r *http.Request) (none Problem, found bool) {
	if h := t.at(r); h != nil {
		h(w, r)
		return Problem{}, true
	}
	if p, none := t.unmatched(r); none {
		return p, false
	}
	t.mux.ServeHTTP(w, r)
	return Problem{}, true
}

// unmatched says what to answer where there is no route: 404, or 405 with the methods that would do.
func (t *routes) unmatched(r *http.Request) (Problem, bool) {
	h, pattern := t.mux.Handler(r)
	if pattern != "" {
		return Problem{}, false
	}
	var probe headerProbe
	h.ServeHTTP(&probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		return Problem{
			Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Header: http.Header{"Allow": probe.Header().Values("Allow")},
		}, true
	}
	return Problem{Status: http.StatusNotFound, Code: "not_found"}, true
}

// headerProbe takes the status and the headers of an answer and throws its body away.
type headerProbe struct {
	header http.Header
	status int
}

func (p *headerProbe) Header() http.Header {
	if p.header == nil {
		p.header = http.Header{}
	}
	return p.header
}

func (p *headerProbe) Write(b []byte) (int, error) { return len(b), nil }

func (p *headerProbe) WriteHeader(status int) { p.status = status }
