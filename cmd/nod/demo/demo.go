// Package demo runs everything a person needs to see one sign-in: a throw-away nod
// on localhost, a sample application on 127.0.0.1 (cookies ignore ports, so the two
// need different hosts), and one device that lives in the terminal. It owns the
// sample application and the script of the demonstration.
package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/simulator"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/web/page"
)

// Options are how the demonstration runs.
type Options struct {
	Port        int  // of nod; the application has the next. 0 lets the system choose both
	AutoApprove bool // the device approves by itself, and no number is asked
	Out         io.Writer
	// Phone runs the device until ctx ends: it asks the person in the terminal. It
	// is not called with AutoApprove.
	Phone func(ctx context.Context, p *simulator.Phone) error
	// Ready, when set, is told the addresses once everything runs.
	Ready func(Addresses)
}

// Addresses are where the demonstration is reached, and how to sign in.
type Addresses struct {
	Issuer   string `json:"issuer"`
	App      string `json:"app"`
	Username string `json:"username"`
	Password string `json:"password"`
	// Enrol is a link that makes a browser alice's device, once.
	Enrol string `json:"enrol"`
}

const username = "alice"

// Run shows the demonstration until ctx ends. Everything it made is deleted then.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "nod-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	nodListener, appListener, err := listen(o.Port)
	if err != nil {
		return err
	}
	at := Addresses{
		Issuer:   fmt.Sprintf("http://localhost:%d", port(nodListener)),
		App:      "http://" + appListener.Addr().String(),
		Username: username, Password: password(),
	}
	s, err := server.Open(ctx, server.Options{
		Place: config.Place{Data: filepath.Join(dir, "data")}, PublicURL: at.Issuer, Brand: page.Brand{Name: "Northwind"},
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return errors.Join(err, nodListener.Close(), appListener.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()

	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Run(ctx, nodListener); err != nil {
			cancel(err)
		}
	}()
	defer func() { cancel(nil); <-done }()
	return play(ctx, o, s, at, appListener)
}

// play sets the scene and keeps the application and the device running.
func play(ctx context.Context, o Options, s *server.Server, at Addresses, l net.Listener) error {
	phone, secret, err := scene(audit.From(ctx, audit.Origin{Actor: "cli:demo"}), s, at, o.AutoApprove)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if at.Enrol, err = enrolLink(ctx, s); err != nil {
		return errors.Join(err, l.Close())
	}
	mail, err := NewMail(ctx, at.Issuer, "contoso-mail", secret, at.App)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	app := &http.Server{Handler: mail, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = app.Serve(l) // ends with Close below
	}()
	defer func() { _ = app.Close(); <-served }()
	tell(o, at)
	if o.Ready != nil {
		o.Ready(at)
	}
	run := o.Phone
	if o.AutoApprove {
		run = func(ctx context.Context, p *simulator.Phone) error { return approveAll(ctx, p, o.Out) }
	}
	err = run(ctx, phone)
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func tell(o Options, at Addresses) {
	third := "A sign-in request appears in this terminal: type the number from the page and approve."
	if o.AutoApprove {
		third = "The device in this terminal approves by itself."
	}
	fmt.Fprintf(o.Out, "nod runs at %s. Everything is thrown away when you press Ctrl+C.\n\n", at.Issuer)
	fmt.Fprintf(o.Out, "  1. Open %s and choose \"Sign in with nod\".\n", at.App)
	fmt.Fprintf(o.Out, "  2. Sign in as %s with the password %s, then choose \"Use my mobile\".\n", at.Username, at.Password)
	fmt.Fprintf(o.Out, "  3. %s\n", third)
	if at.Enrol != "" {
		fmt.Fprintf(o.Out, "\nTo make your browser the device instead, with fingerprint or face, open\n  %s\nand keep that page open. Without a sensor, it asks for a PIN.\n", at.Enrol)
	}
	fmt.Fprintln(o.Out)
}

// scene adds one person, one application and one enrolled device.
func scene(ctx context.Context, s *server.Server, at Addresses, auto bool) (*simulator.Phone, string, error) {
	hash, err := s.Logins.Hasher.Hash(ctx, at.Password)
	if err != nil {
		return nil, "", err
	}
	u, err := s.Users.Add(ctx, user.New{
		Name: username, PasswordHash: hash,
		Claims: user.Claims{Name: "Alice Example", GivenName: "Alice", Email: "alice@northwind.example", EmailVerified: true},
	})
	if err != nil {
		return nil, "", err
	}
	app := client.New{ID: "contoso-mail", Name: "Contoso Mail", RedirectURIs: []string{at.App + "/callback"}, PostLogoutRedirectURIs: []string{at.App + "/"}, FirstParty: true}
	if auto {
		app.SecondFactor = client.FactorPush
	}
	_, secret, err := s.Clients.Add(ctx, app)
	if err != nil {
		return nil, "", err
	}
	link, err := s.Devices.Link(ctx, devices.LinkRequest{UserID: u.ID, Valid: time.Hour, MadeBy: "cli:demo"})
	if err != nil {
		return nil, "", err
	}
	phone, err := simulator.Enroll(ctx, link.URL, simulator.Options{Name: "Alice's terminal"})
	return phone, secret, err
}

// enrolLink makes alice's link for a browser. It needs no confirmation: this is her
// first minute with it.
func enrolLink(ctx context.Context, s *server.Server) (string, error) {
	u, err := s.Users.ByLogin(ctx, username)
	if err != nil {
		return "", err
	}
	link, err := s.Devices.Link(audit.From(ctx, audit.Origin{Actor: "cli:demo"}), devices.LinkRequest{
		UserID: u.ID, Valid: devices.AdminLink, MadeBy: "cli:demo", Rule: devices.RuleBiometricOrPIN,
	})
	return link.URL, err
}

// approveAll is a person who always says yes.
func approveAll(ctx context.Context, p *simulator.Phone, out io.Writer) error {
	for {
		open, err := p.Wait(ctx)
		if err != nil {
			return err
		}
		for _, r := range open {
			if _, err := p.Approve(ctx, r.ID, "", ""); err != nil {
				fmt.Fprintf(out, "Could not approve: %v\n", err)
				continue
			}
			fmt.Fprintf(out, "Approved a sign-in to %s.\n", r.Client.Name)
		}
	}
}

// password is one that a person can type from the screen.
func password() string {
	text := strings.ToLower(rand.Text())
	return text[:4] + "-" + text[4:8] + "-" + text[8:12] + "-" + text[12:16]
}

// listen takes two neighbouring ports, or any two if those are taken.
func listen(first int) (nodListener, app net.Listener, err error) {
	for _, p := range []int{first, 0} {
		second := p
		if p != 0 {
			second = p + 1
		}
		if nodListener, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p)); err != nil {
			continue
		}
		if app, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", second)); err == nil {
			return nodListener, app, nil
		}
		_ = nodListener.Close()
	}
	return nil, nil, fmt.Errorf("listen on loopback: %w", err)
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
