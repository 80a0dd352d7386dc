package guard

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/nod-idp/nod/internal/turn"
)

// ServeParted is Serve for streams that are open by the thousand. It takes the connection out of the server's hands
// and returns at once; fn runs on in a goroutine of its own, without the buffers and the deep stack that a request
// has, and the connection is closed after it. done is called in the end, whatever happens. Where a connection cannot
// be taken, as with HTTP/2, all of it happens before ServeParted returns.
//
// A reader who has left is noticed at the next write. The context that fn is given does not end with him.
func (s *Streams) ServeParted(w http.ResponseWriter, r *http.Request, fn func(context.Context, *Stream) error, done func()) error {
	rec, ok := w.(*recorder)
	if !ok || r.Method != http.MethodGet || !r.ProtoAtLeast(1, 1) || r.ProtoMajor != 1 {
		return s.serveWhole(w, r, fn, done)
	}
	leave, err := s.enter(r)
	if err != nil {
		done()
		return err
	}
	turn.Leave(r.Context())
	streamHeaders(rec.Header())
	conn, err := rec.part()
	if err != nil {
		leave()
		return s.serveWhole(w, r, fn, done)
	}
	st := s.stream(longLife/2 + rand.N(longLife/2))
	st.conn, st.parted, st.unsent = conn, rec, head(rec.header)
	rec.header = nil
	ctx := context.WithoutCancel(r.Context())
	s.parted.Go(func() {
		defer rec.release()
		defer leave()
		defer done()
		defer st.stop()
		st.run(ctx, r, fn)
	})
	return nil
}

func (s *Streams) serveWhole(w http.ResponseWriter, r *http.Request, fn func(context.Context, *Stream) error, done func()) error {
	defer done()
	return s.Serve(w, r, func(st *Stream) error { return fn(r.Context(), st) })
}

// Await returns when all parted streams have ended, or with the error of ctx.
func (s *Streams) Await(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.parted.Wait()
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for event streams: %w", ctx.Err())
	}
}

// run writes a parted stream to its end. Nobody is above it to catch what goes wrong.
func (st *Stream) run(ctx context.Context, r *http.Request, fn func(context.Context, *Stream) error) {
	defer func() {
		if st.unsent != nil && st.broken == nil {
			_ = st.send()
		}
		_ = st.conn.Close()
	}()
	defer func() {
		if reason := recover(); reason != nil {
			note(ctx, func(l *line) { l.stack, l.err = string(debug.Stack()), fmt.Errorf("panic: %v", reason) })
		}
	}()
	st.hold(advice(1000, 2000))
	if err := fn(ctx, st); err != nil && st.broken == nil {
		p := problemOf(r.WithContext(ctx), err)
		note(ctx, func(l *line) { l.code, l.err = p.Code, p.Err })
		return // without the last chunk: the answer is not whole
	}
	if st.broken == nil {
		st.unsent = append(st.unsent, "0\r\n\r\n"...)
	}
}

// hold adds a chunk to what is sent next (RFC 9112, section 7.1). A chunk of nothing would be the last one.
func (st *Stream) hold(text string) {
	if text == "" {
		return
	}
	st.unsent = strconv.AppendInt(st.unsent, int64(len(text)), 16)
	st.unsent = append(append(append(st.unsent, "\r\n"...), text...), "\r\n"...)
	st.parted.bytes += int64(len(text))
}

// send writes what was held.
func (st *Stream) send() error {
	if err := st.conn.SetWriteDeadline(time.Now().Add(st.patience)); err != nil {
		return err
	}
	_, err := st.conn.Write(st.unsent)
	st.unsent = nil
	return err
}

// head is what comes before the first chunk. The connection serves no other request.
func head(h http.Header) []byte {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nDate: ")
	b.WriteString(time.Now().UTC().Format(http.TimeFormat))
	b.WriteString("\r\n")
	_ = h.Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}

// advice tells the reader after how many milliseconds to come back: least and up to spread more, so that everybody
// comes at another time and a restart is not followed by a stampede.
func advice(least, spread int) string {
	return "retry: " + strconv.Itoa(least+rand.IntN(spread)) + "\n\n"
}

// part takes the connection out of the server's hands. The answer counts as begun, with status 200; its line of log
// is written when the caller has released it too.
func (rec *recorder) part() (net.Conn, error) {
	h := rec.Header()
	conn, _, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	if err != nil {
		return nil, err
	}
	rec.ResponseWriter = partedWriter{} // which would keep the server's buffers
	rec.header, rec.status = h, http.StatusOK
	rec.parties.Add(1)
	return conn, nil
}

// release ends one party's part in the answer. The last one writes its line of log.
func (rec *recorder) release() {
	if rec.parties.Add(-1) < 0 && rec.over != nil {
		rec.over()
	}
}

// errParted is what a handler gets that writes to an answer which goes on elsewhere.
var errParted = errors.New("the connection belongs to an event stream")

type partedWriter struct{}

func (partedWriter) Header() http.Header       { return http.Header{} }
func (partedWriter) Write([]byte) (int, error) { return 0, errParted }
func (partedWriter) WriteHeader(int)           {}
