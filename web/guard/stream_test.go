package guard

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// serve runs a stream to its end and returns what the reader got.
func serve(s *Streams, ctx context.Context, fn func(*Stream) error) (*httptest.ResponseRecorder, error) {
	w := httptest.NewRecorder()
	err := s.Serve(w, httptest.NewRequestWithContext(ctx, "GET", "/", nil), fn)
	return w, err
}

func untilOver(changed <-chan struct{}) func(*Stream) error {
	return func(st *Stream) error {
		for st.Wait(changed, 0) {
			if err := st.Send("state", map[string]string{"state": "pending"}); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestAStreamBeatsEvery15SecondsAndEndsAfter55(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		w, err := serve(&Streams{}, t.Context(), untilOver(nil))
		if err != nil || time.Since(began) != 55*time.Second {
			t.Errorf("got %v after %s, want the end after 55 s", err, time.Since(began))
		}
		if got := strings.Count(w.Body.String(), ": still here\n\n"); got != 3 {
			t.Errorf("got %d heartbeats, want 3", got)
		}
		if !strings.HasPrefix(w.Body.String(), "retry: ") || !w.Flushed {
			t.Errorf("want a flushed retry hint first, got %q", w.Body)
		}
		for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store"} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("got %s %q, want %q", name, got, want)
			}
		}
	})
}

func TestAStreamSendsWhatChangedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		changed := make(chan struct{})
		go func() {
			changed <- struct{}{}
			changed <- struct{}{}
			synctest.Wait()
			leave()
		}()
		began := time.Now()
		w, err := serve(&Streams{}, ctx, untilOver(changed))
		if err != nil || time.Since(began) != 0 {
			t.Errorf("got %v after %s", err, time.Since(began))
		}
		if got := strings.Count(w.Body.String(), "event: state\ndata: {\"state\":\"pending\"}\n\n"); got != 2 {
			t.Errorf("got %d events, want 2 in %q", got, w.Body)
		}
	})
}

func TestAStreamLooksAgainByItselfWhenAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		_, err := serve(&Streams{}, t.Context(), func(st *Stream) error {
			for st.Wait(nil, 2*time.Second) {
				looks++
			}
			return nil
		})
		if err != nil || looks != 27 {
			t.Errorf("got %d looks, %v, want one every 2 s", looks, err)
		}
	})
}

func TestAStreamIsToldToComeBackAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shutdown := make(chan struct{})
		time.AfterFunc(7*time.Second, func() { close(shutdown) })
		began := time.Now()
		w, _ := serve(&Streams{Shutdown: shutdown}, t.Context(), untilOver(nil))
		if time.Since(began) != 7*time.Second || !strings.Contains(w.Body.String(), "\nevent: reconnect\n") {
			t.Errorf("got %q after %s", w.Body, time.Since(began))
		}
	})
}

func TestStreamsAreBoundedInNumber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Streams{Max: 1}
		go func() { _, _ = serve(s, t.Context(), untilOver(nil)) }()
		synctest.Wait()
		_, err := serve(s, t.Context(), untilOver(nil))
		var p Problem
		if !errors.As(err, &p) || p.Status != http.StatusServiceUnavailable || p.RetryAfter == 0 {
			t.Errorf("got %v, want 503", err)
		}
		time.Sleep(56 * time.Second)
		if _, err := serve(s, t.Context(), func(*Stream) error { return nil }); err != nil {
			t.Errorf("after the first has ended: got %v", err)
		}
	})
}

func TestAnEventIsAlwaysOneEvent(t *testing.T) {
	w, err := serve(&Streams{}, t.Context(), func(st *Stream) error {
		return st.Send("state", "a\n\nevent: forged\ndata: x\r\n\u2028")
	})
	if err != nil || strings.Contains(w.Body.String(), "\nevent: forged") {
		t.Errorf("got %q, %v", w.Body, err)
	}
	for _, name := range []string{"", "a\nb", "a\rb"} {
		if _, err := serve(&Streams{}, t.Context(), func(st *Stream) error { return st.Send(name, 1) }); err == nil {
			t.Errorf("name %q: got no error, want one", name)
		}
	}
	if _, err := serve(&Streams{}, t.Context(), func(st *Stream) error { return st.Send("a", func() {}) }); err == nil {
		t.Error("a value that is no JSON: got no error, want one")
	}
}

func TestAReaderThatDoesNotReadIsDropped(t *testing.T) {
	ended := make(chan error, 1)
	s := &Streams{Patience: 50 * time.Millisecond}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ended <- s.Serve(w, r, func(st *Stream) error {
			big := string(bytes.Repeat([]byte("x"), 1<<20))
			for {
				if err := st.Send("state", big); err != nil {
					return err
				}
			}
		})
	}))
	defer server.Close()
	answer, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("got %v, want no error: a reader who is too slow is not our failure", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the stream still waits for its reader")
	}
}

func TestAStreamLeavesItsConnectionUsable(t *testing.T) {
	s := &Streams{Patience: 30 * time.Millisecond}
	edge, _ := newEdge(t)
	edge.Browser.Handle("GET /stream", func(w http.ResponseWriter, r *http.Request) error {
		return s.Serve(w, r, func(st *Stream) error { return st.Send("state", 1) })
	})
	edge.Browser.Handle("GET /slow", func(w http.ResponseWriter, r *http.Request) error {
		time.Sleep(60 * time.Millisecond) // longer than a deadline left behind would allow
		_, err := w.Write([]byte("fine"))
		return err
	})
	server := httptest.NewServer(edge)
	defer server.Close()
	for _, path := range []string{"/stream", "/slow"} {
		answer, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(answer.Body); err != nil || body.Len() == 0 {
			t.Errorf("%s: got %q, %v", path, body.String(), err)
		}
		answer.Body.Close()
	}
}
