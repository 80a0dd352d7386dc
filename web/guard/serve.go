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
