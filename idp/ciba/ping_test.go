package ciba_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/ciba"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/outbox"
)

// receiver is where the desk is called back.
type receiver struct {
	got    chan string
	status int
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	r.got <- req.Method + " " + req.Header.Get("Authorization") + " " + req.Header.Get("Content-Type") + " " + string(body)
	if r.status == http.StatusFound {
		w.Header().Set("Location", "/elsewhere")
	}
	w.WriteHeader(r.status)
}

func (w *world) calledAt(address string) {
	w.t.Helper()
	_, err := w.Clients.Set(w.t.Context(), "desk", func(c *client.Client) error {
		c.CIBANotificationURI = address
		return nil
	})
	must(w.t, err)
}

// pings are the messages that wait.
func (w *world) pings() (n int) {
	w.t.Helper()
	must(w.t, w.DB.Get(w.t.Context(), &n, "SELECT count(*) FROM outbox WHERE kind = $1", ciba.KindPing))
	return n
}

func TestAClientIsCalledBackOnceThereIsAnAnswer(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		there := &receiver{make(chan string, 10), http.StatusNoContent}
		server := httptest.NewServer(there)
		defer server.Close()
		w.calledAt(server.URL + "/ping")
		p := w.phone(protocol.VerifyPIN)
		begun := w.begins(w.desk, "alice")
		if w.pings() != 0 {
			t.Error("called before the answer")
		}
		must(t, p.says(protocol.Approve))
		if w.pings() != 1 {
			t.Fatalf("got %d calls", w.pings())
		}
		ctx, stop := context.WithCancel(t.Context())
		job := &outbox.Job{Outbox: w.Outbox, Deliver: map[string]outbox.Deliver{ciba.KindPing: w.DeliverPing}}
		done := make(chan struct{})
		go func() { defer close(done); job.Run(ctx) }()
		want := `POST Bearer c2VjcmV0LXRva2VuLW9mLXRoZS1kZXNr application/json {"auth_req_id":"` + begun.AuthReqID + `"}`
		if got := <-there.got; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		stop()
		<-done
		_, err := w.poll(w.desk, begun)
		must(t, err)
	})
}

func TestADeniedInquiryIsCalledBackTooAndAPollingClientNever(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		p := w.phone(protocol.VerifyPIN)
		w.begins(w.bank, "alice")
		must(t, p.says(protocol.Deny))
		if w.pings() != 0 {
			t.Error("a polling client is called")
		}
		w.begins(w.desk, "alice")
		must(t, p.says(protocol.Deny))
		if w.pings() != 1 {
			t.Errorf("got %d calls", w.pings())
		}
	})
}

func TestWhatAClientAnswersDecidesWhetherItIsCalledAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		there := &receiver{got: make(chan string, 10)}
		server := httptest.NewServer(there)
		defer server.Close()
		w.calledAt(server.URL + "/ping")
		payload, err := json.Marshal(map[string]string{"client": "desk", "token": "t", "auth_req_id": "a"})
		must(t, err)
		var final *outbox.FinalError
		for status, want := range map[int]string{204: "done", 200: "done", 401: "final", 302: "final", 429: "again", 503: "again"} {
			there.status = status
			err := w.DeliverPing(t.Context(), "png_1", payload)
			got := "again"
			switch {
			case err == nil:
				got = "done"
			case errors.As(err, &final):
				got = "final"
			}
			if got != want {
				t.Errorf("%d: got %s (%v), want %s", status, got, err, want)
			}
		}
		w.calledAt("https://192.168.1.1/ping") // private, and nobody allowed it
		if err := w.DeliverPing(t.Context(), "png_1", payload); !errors.As(err, &final) {
			t.Errorf("got %v", err)
		}
		_, err = w.Clients.Set(t.Context(), "desk", func(c *client.Client) error { c.CIBA, c.CIBANotificationURI = client.CIBAPoll, ""; return nil })
		must(t, err)
		var dropped *outbox.DropError
		if err := w.DeliverPing(t.Context(), "png_1", payload); !errors.As(err, &dropped) {
			t.Errorf("got %v", err)
		}
	})
}
