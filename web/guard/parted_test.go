package guard

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// parted serves one stream on a real connection and returns its answer, and the line of log once it is written.
func parted(t *testing.T, s *Streams, fn func(context.Context, *Stream) error) (*http.Response, func() map[string]any) {
	t.Helper()
	edge, log := newEdge(t)
	done := make(chan struct{})
	end := sync.OnceFunc(func() { close(done) })
	edge.Browser.Handle("GET /stream", func(w http.ResponseWriter, r *http.Request) error {
		return s.ServeParted(w, r, fn, end)
	})
	server := httptest.NewServer(edge)
	t.Cleanup(server.Close)
	res, err := http.Get(server.URL + "/stream")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res, func() map[string]any {
		<-done
		if err := s.Await(t.Context()); err != nil {
			t.Error(err)
		}
		return log.last(t)
	}
}

func TestAPartedStreamIsAWholeAnswerWithOneLineOfLog(t *testing.T) {
	s := &Streams{Heartbeat: 10 * time.Millisecond, Life: 100 * time.Millisecond}
	res, line := parted(t, s, func(_ context.Context, st *Stream) error {
		if err := st.Send("state", 1); err != nil {
			return err
		}
		for st.Wait(nil, 0) {
		}
		return nil
	})
	if s.Open() != 1 {
		t.Errorf("%d are open, want 1", s.Open())
	}
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Frame-Options": "DENY", "X-Accel-Buffering": "no",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("got %s %q, want %q", name, got, want)
		}
	}
	body, err := io.ReadAll(res.Body)
	if text := string(body); err != nil || !strings.HasPrefix(text, "retry: ") || !strings.Contains(text, "event: state\ndata: 1\n\n") ||
		!strings.Contains(text, ": still here\n\n") || !strings.HasSuffix(text, "\n\n") {
		t.Errorf("got %q, %v", body, err)
	}
	l := line()
	if l["status"] != 200.0 || l["bytes"] != float64(len(body)) || l["route"] != "GET /stream" || l["ms"].(float64) < 100 {
		t.Errorf("got the line %v for %d bytes", l, len(body))
	}
	if s.Open() != 0 {
		t.Errorf("%d are open, want none", s.Open())
	}
}

func TestAPartedStreamThatFailsIsCutAndLogged(t *testing.T) {
	for name, fn := range map[string]func(context.Context, *Stream) error{
		"an error": func(context.Context, *Stream) error { return errors.New("the database is away") },
		"a panic":  func(context.Context, *Stream) error { panic("impossible") },
	} {
		t.Run(name, func(t *testing.T) {
			res, line := parted(t, &Streams{}, fn)
			if body, err := io.ReadAll(res.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("got %q, %v, want an answer that is not whole", body, err)
			}
			if l := line(); l["error"] == nil {
				t.Errorf("got the line %v, want the error", l)
			}
		})
	}
}

func TestPartedStreamsEndWithTheProcess(t *testing.T) {
	shutdown := make(chan struct{})
	s := &Streams{Shutdown: shutdown}
	res, line := parted(t, s, func(_ context.Context, st *Stream) error {
		for st.Wait(nil, 0) {
		}
		return nil
	})
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Await(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("while one is open: got %v", err)
	}
	close(shutdown)
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "event: reconnect\n") {
		t.Errorf("got %q, %v", body, err)
	}
	line()
}

func TestPartedStreamsAreBoundedAndTheirReadersToo(t *testing.T) {
	s := &Streams{Max: 1, Heartbeat: 5 * time.Millisecond}
	res, line := parted(t, s, func(_ context.Context, st *Stream) error {
		for st.Wait(nil, 0) {
		}
		return st.broken
	})
	if _, err := bufio.NewReader(res.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	again, _ := http.Get(res.Request.URL.String())
	if again.StatusCode != http.StatusServiceUnavailable || again.Header.Get("Retry-After") == "" {
		t.Errorf("the second: got %s, want 503", again.Status)
	}
	res.Body.Close() // its reader leaves, and the stream ends though nobody says so
	if l := line(); l["error"] != nil || s.Open() != 0 {
		t.Errorf("got %v, %d open", l, s.Open())
	}
}

func TestWhereNoConnectionCanBeTakenAStreamIsServedWhole(t *testing.T) {
	edge, _ := newEdge(t)
	ended := 0
	edge.Browser.Handle("GET /stream", func(w http.ResponseWriter, r *http.Request) error {
		return (&Streams{}).ServeParted(w, r, func(_ context.Context, st *Stream) error { return st.Send("state", 1) }, func() { ended++ })
	})
	w := ask(edge, "GET", "/stream", "")
	if !strings.Contains(w.Body.String(), "event: state\n") || ended != 1 {
		t.Errorf("got %q, ended %d times", w.Body, ended)
	}
}
