package guard

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/trace"
)

// line is what the log says about one request. It has no place for a query, a cookie, a body or an Authorization
// header, and the route is the pattern, not the path: paths of nod hold the ids of logins and devices.
type line struct {
	id    string
	ip    netip.Addr
	code  string // of the problem, if there was one
	err   error
	stack string
	trace string // the id of its trace, if it is traced
}

// requestMessage is the message of the line of a request.
const requestMessage = "request"

// note changes the line of the request, if ctx belongs to one.
func note(ctx context.Context, change func(*line)) {
	if l, ok := ctx.Value(lineKey{}).(*line); ok {
		change(l)
	}
}

func (e *Edge) write(rec *recorder, r *http.Request, l *line, took time.Duration) {
	log := e.Log
	if log == nil {
		log = slog.Default()
	}
	level := slog.LevelInfo
	if rec.status >= 500 || l.stack != "" {
		level = slog.LevelError
	}
	attrs := []slog.Attr{
		slog.String("request", l.id),
		slog.String("method", knownMethod(r.Method)),
		slog.String("route", r.Pattern),
		slog.Int("status", rec.status),
		slog.Float64("ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", rec.bytes),
		slog.String("client", l.address()),
	}
	if l.trace != "" {
		attrs = append(attrs, slog.String("trace", l.trace))
	}
	if l.code != "" {
		attrs = append(attrs, slog.String("code", l.code))
	}
	if l.err != nil {
		attrs = append(attrs, slog.String("error", l.err.Error()))
	}
	if l.stack != "" {
		attrs = append(attrs, slog.String("stack", l.stack))
	}
	log.LogAttrs(r.Context(), level, requestMessage, attrs...)
}

// tell says to whoever reads traces what the log says, but for addresses and errors.
func (l *line) tell(span *trace.Span, r *http.Request, status int) {
	if span == nil {
		return
	}
	span.Name(or(r.Pattern, "none"))
	span.Set("http.request.method", knownMethod(r.Method))
	_, route, _ := strings.Cut(r.Pattern, " ")
	span.Set("http.route", route)
	span.SetInt("http.response.status_code", status)
	span.Set("nod.request_id", l.id)
	if l.code != "" {
		span.Set("error.type", l.code)
	}
	span.End(status >= 500)
}

func (l *line) address() string {
	if !l.ip.IsValid() {
		return ""
	}
	return l.ip.String()
}

// knownMethod keeps invented methods, which are free text, out of the log.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	}
	return "other"
}
