package guard

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/nod-idp/nod/internal/turn"
)

// API is the mux for machines: bodies of declared types only, no cookies, nothing cached, problems as JSON in the
// shape of RFC 6749, section 5.2.
type API struct {
	// Turns bounds how many requests are worked on at the same time, but for the routes
	// that are answered from memory; nil leaves it open.
	Turns *turn.Turns
	// Limits bounds what one source may send; nil leaves it open. It is set before any route.
	Limits *Limits

	routes    routes
	patterns  []string
	preflight map[string]bool
	origin    http.CrossOriginProtection
}

// Route is what an API path demands and allows.
type Route struct {
	Handler Handler
	Accepts []string // media types of a body; nil means application/json and application/jose
	MaxBody int64    // bytes; 0 means 64 KiB
	CORS    *CORS    // nil: no other origin may read the answer
	Cookies bool     // keep the cookies of the request; then it must also come from our own origin
	// FromMemory is for what must answer however busy the server is, and costs next to nothing.
	FromMemory bool
}

// Form is the media type of the token endpoint and its kin.
const Form = "application/x-www-form-urlencoded"

// NoBody among the types a route accepts lets a request come without a body, and then without a type.
const NoBody = ""

// Handle registers a route under a pattern of http.ServeMux such as "POST /token". With CORS the preflight of the
// same path is answered too.
func (a *API) Handle(pattern string, route Route) {
	limit := a.Limits.of(pattern)
	a.patterns = append(a.patterns, pattern)
	a.routes.handle(pattern, func(w http.ResponseWriter, r *http.Request) {
		run(w, r, func(w http.ResponseWriter, r *http.Request) error {
			if err := a.admit(w, r, route); err != nil {
				return err
			}
			if err := limit.pass(r); err != nil {
				return err
			}
			if route.FromMemory {
				return route.Handler(w, r)
			}
			return inTurn(a.Turns, w, r, route.Handler)
		}, a.fail)
	})
	if route.CORS == nil {
		return
	}
	path := pattern
	if _, rest, found := strings.Cut(pattern, " "); found {
		path = strings.TrimSpace(rest)
	}
	if path == pattern || a.preflight[path] {
		return // without a method the route sees its own preflight
	}
	if a.preflight == nil {
		a.preflight = map[string]bool{}
	}
	a.preflight[path] = true
	a.routes.handle("OPTIONS "+path, func(w http.ResponseWriter, r *http.Request) { route.CORS.preflight(w, r) })
}

// Routes are the patterns that were registered, but for preflights.
func (a *API) Routes() []string { return a.patterns }

func (a *API) admit(w http.ResponseWriter, r *http.Request, route Route) error {
	route.CORS.allow(w, r)
	if route.Cookies {
		if err := a.origin.Check(r); err != nil {
			return Problem{Status: http.StatusForbidden, Code: "cross_origin", Err: err}
		}
	} else {
		r.Header.Del("Cookie")
	}
	limit := route.MaxBody
	if limit == 0 {
		limit = formLimit
	}
	if r.ContentLength > limit {
		return &http.MaxBytesError{Limit: limit}
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	return contentType(r, route.Accepts)
}

// contentType demands a declared type of every request that has a body. The types a foreign form can send without
// a preflight are refused with it, unless the route is an OAuth one, which asks for a client's proof.
func contentType(r *http.Request, accepts []string) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	if r.Method == http.MethodDelete && r.ContentLength == 0 {
		return nil
	}
	if accepts == nil {
		accepts = []string{"application/json", "application/jose"}
	}
	if r.ContentLength == 0 && len(r.Header.Values("Content-Type")) == 0 && slices.Contains(accepts, NoBody) {
		return nil
	}
	given, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && len(r.Header.Values("Content-Type")) == 1 && slices.Contains(accepts, given) {
		return nil
	}
	return Problem{Status: http.StatusUnsupportedMediaType, Code: "invalid_request", Side: SideApplication,
		Public: "The body must be " + strings.Join(accepts, " or ") + ".", Err: err}
}

func (a *API) knows(r *http.Request) bool {
	if a.routes.at(r) != nil {
		return true
	}
	if a.routes.foreign(r) {
		return false
	}
	p, none := a.routes.unmatched(r)
	return !none || p.Status == http.StatusMethodNotAllowed
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := record(w)
	apiHeaders(rec.Header())
	if p, found := a.routes.serve(rec, r); !found {
		a.refuse(rec, r, p)
	}
}

func (a *API) refuse(w http.ResponseWriter, r *http.Request, p Problem) {
	apiHeaders(w.Header())
	run(w, r, func(http.ResponseWriter, *http.Request) error { return p }, a.fail)
}

func (a *API) fail(w http.ResponseWriter, r *http.Request, p Problem) {
	body := map[string]string{"error": p.Code, "error_description": p.Public}
	if p.Public == "" {
		body["error_description"] = http.StatusText(p.Status)
	}
	if id := RequestID(r.Context()); id != "" {
		body["request_id"] = id
	}
	_ = WriteJSON(w, p.Status, body)
}

var machineHeaders = http.Header{
	"Content-Security-Policy":      {"default-src 'none'; frame-ancestors 'none'"},
	"X-Frame-Options":              {"DENY"},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"no-referrer"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Cache-Control":                {"no-store"},
}

func apiHeaders(h http.Header) { lay(h, machineHeaders) }

// WriteJSON answers with v as JSON. It encodes first, so that a value that cannot be encoded is an error and not
// half an answer.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, err = w.Write(append(body, '\n'))
	return err
}
