package guard

import (
	"net/http"
	"sync/atomic"
)

// recorder remembers what an answer looked like, for the log and to know whether an error can still be shown.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64

	// An answer can go on after its handler has returned (ServeParted).
	header  http.Header  // of such an answer
	parties atomic.Int32 // who takes part in it besides the handler
	over    func()       // called once, when nobody does any more
}

// record wraps w once; a writer that already is a recorder is returned as it is.
func record(w http.ResponseWriter) *recorder {
	if rec, ok := w.(*recorder); ok {
		return rec
	}
	return &recorder{ResponseWriter: w}
}

func (rec *recorder) started() bool { return rec.status != 0 }

// WriteHeader notes the final status; informational ones (1xx) may precede it.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= 200 {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes of the body.
func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(b)
	rec.bytes += int64(n)
	return n, err
}

// Flush is here for libraries that ask for http.Flusher; ResponseController finds the real one through Unwrap.
func (rec *recorder) Flush() {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	_ = http.NewResponseController(rec.ResponseWriter).Flush()
}

// FlushError is what ResponseController looks for first.
func (rec *recorder) FlushError() error {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	return http.NewResponseController(rec.ResponseWriter).Flush()
}

// Unwrap lets ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }
