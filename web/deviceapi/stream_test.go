package deviceapi_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
)

// listener reads a stream line by line.
type listener struct {
	t     *testing.T
	body  io.Closer
	lines chan string // closed at the end of the stream
}

func listen(t *testing.T, s *server, signer *protocol.Signer) *listener {
	t.Helper()
	resp, err := http.DefaultClient.Do(signed(t, s, signer, protocol.VerbStream, protocol.Empty{}))
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %s %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	l := &listener{t: t, body: resp.Body, lines: make(chan string, 1000)}
	t.Cleanup(func() { resp.Body.Close() })
	go func() {
		defer close(l.lines)
		for scanner := bufio.NewScanner(resp.Body); scanner.Scan(); {
			l.lines <- scanner.Text()
		}
	}()
	return l
}

// hears waits for a line, or for the end of the stream if want is "".
func (l *listener) hears(want string) {
	l.t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case line, open := <-l.lines:
			if want == "" && !open || want != "" && strings.HasPrefix(line, want) {
				return
			}
			if !open {
				l.t.Fatalf("the stream ended before %q", want)
			}
		case <-deadline:
			l.t.Fatalf("did not hear %q", want)
		}
	}
}

func TestAStreamTellsThatSomethingChangedAndNothingMore(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer := enrolledSigner(t, s)
		l := listen(t, s, signer)
		l.hears("event: requests") // at once: something may have come before
		l.hears("data: {}")
		l.hears(": still here")
		s.asks.ask(t, "chl_1", "42", signer.DeviceID)
		l.hears("event: requests")
		l.hears("data: {}")
	})
}

func TestAStreamEndsWithItsDevice(t *testing.T) {
	for what, end := range map[string]func(ctx context.Context, d *devices.Devices, id string) error{
		"suspended": func(ctx context.Context, d *devices.Devices, id string) error {
			return d.Suspend(ctx, alice, id, "user")
		},
		"removed": func(ctx context.Context, d *devices.Devices, id string) error {
			return d.Remove(ctx, alice, id, "user")
		},
	} {
		t.Run(what, func(t *testing.T) {
			each(t, func(t *testing.T, s *server) {
				signer := enrolledSigner(t, s)
				l := listen(t, s, signer)
				l.hears("event: requests")
				if err := end(t.Context(), s.devices, signer.DeviceID); err != nil {
					t.Fatal(err)
				}
				l.hears("")
			})
		})
	}
}

func TestADeviceHasThreeStreamsAndNoMore(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		signer, other := enrolledSigner(t, s), enrolledSigner(t, s)
		first := listen(t, s, signer)
		listen(t, s, signer)
		listen(t, s, signer)
		resp, refusal, _ := send(t, signed(t, s, signer, protocol.VerbStream, protocol.Empty{}))
		if resp.StatusCode != http.StatusTooManyRequests || refusal.Code != protocol.ErrSlowDown || resp.Header.Get("Retry-After") == "" {
			t.Errorf("the fourth: got %s %+v", resp.Status, refusal)
		}
		listen(t, s, other)
		_ = first.body.Close()
		for range 100 {
			resp, err := http.DefaultClient.Do(signed(t, s, signer, protocol.VerbStream, protocol.Empty{}))
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Error("a stream that was closed still counts")
	})
}

func TestAWaitingPhoneHearsOfARequestAtOnce(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		phone := s.enroll(simulator.Options{})
		got := make(chan error, 1)
		began := time.Now()
		go func() {
			open, err := phone.Wait(t.Context())
			if err == nil && (len(open) != 1 || open[0].ID != "chl_1") {
				err = errors.New("got something else")
			}
			got <- err
		}()
		time.Sleep(100 * time.Millisecond) // let it open its stream; earlier or later would do too
		s.asks.ask(t, "chl_1", "42", phone.ID())
		if err := <-got; err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 1500*time.Millisecond {
			t.Errorf("it took %s, which is no stream", took)
		}
	})
}

// An app that stays open hears of one request after another on one stream.
func TestAnOpenAppKeepsItsStream(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		phone := s.enroll(simulator.Options{})
		app := simulator.App{Phone: phone}
		for _, id := range []string{"chl_1", "chl_2", "chl_3"} {
			s.asks.ask(t, id, "42", phone.ID())
			open, err := app.Wait(t.Context())
			if err != nil || len(open) != 1 || open[0].ID != id {
				t.Fatalf("%s: got %v, %v", id, open, err)
			}
			if n := s.streams.Open(); n != 1 {
				t.Errorf("%s: %d streams are open, want 1", id, n)
			}
			if err := phone.Deny(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
		app.Close()
		for began := time.Now(); s.streams.Open() > 0; time.Sleep(10 * time.Millisecond) {
			if time.Since(began) > 5*time.Second {
				t.Fatal("a stream that was closed still counts")
			}
		}
	})
}

func TestAWaitingPhoneAsksAgainWhereStreamsDoNotWork(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		phone := s.enroll(simulator.Options{})
		s.streams.Max = -1 // more than that are refused
		go func() {
			time.Sleep(200 * time.Millisecond)
			s.asks.ask(t, "chl_1", "42", phone.ID())
		}()
		open, err := phone.Wait(t.Context())
		if err != nil || len(open) != 1 {
			t.Errorf("got %v, %v, want the request", open, err)
		}
	})
}

func TestAWaitingPhoneGivesUpWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, s *server) {
		phone := s.enroll(simulator.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := phone.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
	})
}
