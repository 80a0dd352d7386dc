package guard

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nod-idp/nod/internal/turn"
)

func TestACrowdAtOneDoorLeavesTheOtherOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		edge, _ := newEdge(t)
		edge.Browser.Turns = turn.New(1, 1, time.Second)
		edge.API.Turns = turn.New(1, 0, time.Second)
		work := make(chan struct{})
		stand := func(http.ResponseWriter, *http.Request) error { <-work; return nil }
		edge.Browser.Handle("GET /page", stand)
		edge.API.Handle("GET /api", Route{Handler: stand})
		edge.API.Handle("GET /keys", Route{FromMemory: true, Handler: func(http.ResponseWriter, *http.Request) error { return nil }})
		answers := make(chan int, 2)
		for _, path := range []string{"/page", "/page", "/api"} {
			go func() { answers <- ask(edge, "GET", path, "").Code }()
		}
		synctest.Wait()
		for _, path := range []string{"/page", "/api"} {
			w := ask(edge, "GET", path, "")
			if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
				t.Errorf("%s: got %d, Retry-After %q, want 503 and when to come back", path, w.Code, w.Header().Get("Retry-After"))
			}
		}
		if got := ask(edge, "GET", "/keys", "").Code; got != http.StatusOK {
			t.Errorf("what is in memory: got %d, want 200", got)
		}
		if got := <-answers; got != http.StatusServiceUnavailable {
			t.Errorf("whoever waited too long: got %d, want 503", got)
		}
		close(work)
		for range 2 {
			if got := <-answers; got != http.StatusOK {
				t.Errorf("whoever had a turn: got %d, want 200", got)
			}
		}
	})
}

func TestAStreamTakesNobodysTurn(t *testing.T) {
	edge, _ := newEdge(t)
	edge.Browser.Turns = turn.New(1, 0, time.Second)
	streams := &Streams{}
	inside := 0
	edge.Browser.Handle("GET /stream", func(w http.ResponseWriter, r *http.Request) error {
		return streams.Serve(w, r, func(*Stream) error {
			if inside++; inside == 2 {
				return nil
			}
			if got := ask(edge, "GET", "/stream", "").Code; got != http.StatusOK {
				t.Errorf("a second one while the first is open: got %d, want 200", got)
			}
			return nil
		})
	})
	if got := ask(edge, "GET", "/stream", "").Code; got != http.StatusOK || inside != 2 {
		t.Errorf("got %d, %d streams, want 200 and 2", got, inside)
	}
}
