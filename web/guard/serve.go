package guard

import (
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
)

// run calls the handler and hands every way it can fail to fail, once. A panic ends this one request and no other.
func run(w http.ResponseWriter, r *http.Request, h Handler, fail func(http.ResponseWriter, *http.Request, Problem)) {
	rec := record(w)
	defer func() {
		reason := recover()
		if reason == nil {
			return
		}
		// The standard way to drop a connection on purpose: the server knows what to do with it.
		if reason == http.ErrAbortHandler {
			panic(reason)
		}
		note(r.Context(), func(l *line) { l.stack = string(debug.Stack()) })
		answer(rec, r, fmt.Errorf("panic: %v", reason), fail)
	}()
	if err := h(rec, r); err != nil {
		answer(rec, r, err, fail)
	}
	if !rec.started() {
		rec.status = http.StatusOK // what net/http sends when a handler wrote nothing
	}
}

func answer(rec *recorder, r *http.Request, err error, fail func(http.ResponseWriter, *http.Request, Problem)) {
	p := problemOf(r, err)
	note(r.Context(), func(l *line) { l.code, l.err = p.Code, p.Err })
	if p.Status == statusClientGone {
		rec.status = statusClientGone
		return
	}
	if rec.started() {
		// Half an answer is out already. Dropping the connection is the only way left to say that it is not whole.
		panic(http.ErrAbortHandler)
	}
	header := rec.Header()
	header.Set("Cache-Control", "no-store")
	header.Del("ETag")
	for name, values := range p.Header {
		header[http.CanonicalHeaderKey(name)] = values
	}
	if p.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(p.RetryAfter.Seconds()))))
	}
	fail(rec, r, p)
}

// unmatched answers for a mux that has no route: 404, or 405 with the methods that would do.
func unmatched(mux *http.ServeMux, r *http.Request) (Problem, bool) {
	h, pattern := mux.Handler(r)
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
