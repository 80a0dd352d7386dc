package demo_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/cmd/nod/demo"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/internal/formbrowser"
)

// show runs the demonstration and returns where it is reached.
func show(t *testing.T, o demo.Options) demo.Addresses {
	t.Helper()
	ready := make(chan demo.Addresses, 1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	o.Out, o.Ready = io.Discard, func(at demo.Addresses) { ready <- at }
	go func() { done <- demo.Run(ctx, o) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the demonstration ended with %v", err)
		}
	})
	select {
	case at := <-ready:
		return at
	case err := <-done:
		done <- err
		t.Fatalf("the demonstration did not start: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("the demonstration did not start within 20 s")
	}
	return demo.Addresses{}
}

// signIn follows the three steps and returns the page the person ends at. answer is
// told the match number.
func signIn(t *testing.T, at demo.Addresses, answer func(number string)) *formbrowser.Page {
	t.Helper()
	b := formbrowser.New(nil)
	step := func(p *formbrowser.Page, err error) *formbrowser.Page {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := step(b.Get(t.Context(), at.App+"/login"))
	p = step(b.Press(t.Context(), p, "login-submit", map[string]string{"username": at.Username, "password": at.Password}))
	p = step(b.Press(t.Context(), p, "use-mobile", nil))
	answer(p.Text("match-number"))
	for p.State == "pending" {
		time.Sleep(20 * time.Millisecond)
		p = step(b.Get(t.Context(), p.URL.String()))
	}
	p = step(b.Press(t.Context(), p, "passcode-submit", nil))
	return step(b.Follow(t.Context(), p))
}

func TestTheDemonstrationWorksByItself(t *testing.T) {
	at := show(t, demo.Options{AutoApprove: true})
	p := signIn(t, at, func(number string) {
		if number != "" {
			t.Errorf("got match number %q, want none", number)
		}
	})
	if got := p.Text("mail-name"); got != "Alice Example" || !strings.HasPrefix(p.URL.String(), at.App) {
		t.Errorf("got to %s as %q", p.URL, got)
	}
}

func TestTheDemonstrationAsksInTheTerminal(t *testing.T) {
	numbers := make(chan string, 1)
	at := show(t, demo.Options{Phone: func(ctx context.Context, p *simulator.Phone) error {
		open, err := p.Wait(ctx)
		if err != nil {
			return err
		}
		if _, err := p.Approve(ctx, open[0].ID, <-numbers, ""); err != nil {
			return err
		}
		<-ctx.Done()
		return nil
	}})
	p := signIn(t, at, func(number string) { numbers <- number })
	if got := p.Text("mail-amr"); !strings.Contains(got, "otp") {
		t.Errorf("got amr %q", got)
	}
}
