package guard

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/trace"
)

// Edge stands in front of both muxes. It gives every request an id and the address of its client, writes one line
// of log when it is over, and chooses the mux: API for the paths registered there, Browser for everything else.
type Edge struct {
	API       *API
	Browser   *Browser
	Log       *slog.Logger     // nil means slog.Default()
	Proxies   Proxies          // whose forwarded headers are believed; none by default
	PublicURL string           // the only source of scheme and host; https switches HSTS on
	NoHSTS    bool             // for hosts that must stay reachable by http under other ports
	Now       func() time.Time // nil means time.Now
	// Tracer tells a collector about requests; nil tells nobody.
	Tracer *trace.Tracer
	// Observe is told of every request when it is over: the pattern of its route, "" if it had none, the status and how
	// long it took. nil means that nobody counts.
	Observe func(route string, status int, took time.Duration)
	// Context adds what the rooms want to know of a request, such as where a change in the journal came from; nil
	// adds nothing. RequestID and ClientIP can be asked of the context it is given.
	Context func(context.Context) context.Context
}

// hsts asks for one year and covers subdomains; preload is the operator's own decision and never ours.
const hsts = "max-age=31536000; includeSubDomains"

func (e *Edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := e.now()
	rec := record(w)
	l := &line{id: e.requestID(r)}
	ip, addressFault := e.Proxies.Client(r)
	l.ip = ip
	ctx, span := e.Tracer.Request(r.Context(), e.parent(r))
	l.trace = span.TraceID()
	ctx = context.WithValue(ctx, lineKey{}, l)
	if e.Context != nil {
		ctx = e.Context(ctx)
	}
	r = r.WithContext(ctx)
	rec.over = func() {
		took := e.now().Sub(began)
		if e.Observe != nil {
			e.Observe(r.Pattern, rec.status, took)
		}
		l.tell(span, r, rec.status)
		e.write(rec, r, l, took)
	}
	// Deferred, since a dropped connection travels as a panic and must be logged as well.
	defer rec.release()

	rec.Header().Set("X-Request-Id", l.id)
	if strings.HasPrefix(e.PublicURL, "https:") && !e.NoHSTS {
		rec.Header().Set("Strict-Transport-Security", hsts)
	}
	next := e.choose(r)
	if addressFault != nil {
		// A request whose sender cannot be told apart from others would spend the proxy's budget of guesses
		// instead of its own, for everybody behind that proxy. So it is not served at all.
		next.refuse(rec, r, Problem{Status: http.StatusBadRequest, Code: "invalid_forwarded_for", Side: SideServer,
			Public: "The proxy in front of this server sent an address that could not be read.", Err: addressFault})
		return
	}
	next.ServeHTTP(rec, r)
}

// mux is what Edge needs of Browser and API.
type mux interface {
	http.Handler
	refuse(w http.ResponseWriter, r *http.Request, p Problem)
}

func (e *Edge) choose(r *http.Request) mux {
	if e.Browser == nil || (e.API != nil && e.API.knows(r)) {
		return e.API
	}
	return e.Browser
}

func (e *Edge) now() time.Time {
	if e.Now == nil {
		return time.Now()
	}
	return e.Now()
}

// foreignID is what a listed proxy may call a request: enough for every tracing scheme, too little to forge a line.
var foreignID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$`)

func (e *Edge) requestID(r *http.Request) string {
	if given := r.Header.Values("X-Request-Id"); len(given) == 1 && foreignID.MatchString(given[0]) && e.Proxies.sent(r) {
		return given[0]
	}
	return "req_" + strings.ToLower(rand.Text())
}

// parent is what a listed proxy says about the trace that a request belongs to. Strangers must not choose what is
// traced, nor add to a trace of ours.
func (e *Edge) parent(r *http.Request) string {
	if e.Tracer == nil || !e.Proxies.sent(r) {
		return ""
	}
	return r.Header.Get("Traceparent")
}

type lineKey struct{}

// RequestID returns the id of the request that ctx belongs to, or "" outside of one.
func RequestID(ctx context.Context) string {
	if l, ok := ctx.Value(lineKey{}).(*line); ok {
		return l.id
	}
	return ""
}

// ClientIP returns the address of the client, seen through the listed proxies. Outside of a request it is the zero
// Addr, which is not valid.
func ClientIP(ctx context.Context) netip.Addr {
	if l, ok := ctx.Value(lineKey{}).(*line); ok {
		return l.ip
	}
	return netip.Addr{}
}
