// Command nodtiming measures whether the time of a failed sign-in tells who exists. It
// starts a throw-away nod, tries a wrong password for people who are known and for names
// that nobody has, in turns, and compares the two sets of times.
//
//	go run ./cmd/nodtiming -samples 1000
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/formbrowser"
)

func main() {
	samples := flag.Int("samples", 1000, "tries of each kind")
	asJSON := flag.Bool("json", false, "print the result as JSON")
	flag.Parse()
	if err := run(context.Background(), *samples, *asJSON); err != nil {
		fmt.Fprintln(os.Stderr, "nodtiming:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, samples int, asJSON bool) (err error) {
	dir, err := os.MkdirTemp("", "nodtiming-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer := fmt.Sprintf("http://localhost:%d", l.Addr().(*net.TCPAddr).Port)
	s, err := server.Open(ctx, server.Options{
		Place: config.Place{Data: filepath.Join(dir, "data")}, PublicURL: issuer, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	ctx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	defer func() { stop(); err = errors.Join(err, <-done) }()
	if err := scene(ctx, s, samples); err != nil {
		return err
	}
	known, unknown, err := measure(ctx, issuer, samples)
	if err != nil {
		return err
	}
	result := compare(known, unknown)
	if asJSON {
		return json.NewEncoder(os.Stdout).Encode(result)
	}
	fmt.Print(result)
	return nil
}

const clientID = "mail"

// scene adds as many people as are tried, so that nobody is tried twice and no delay is
// measured.
func scene(ctx context.Context, s *server.Server, samples int) error {
	_, _, err := s.Clients.Add(ctx, client.New{ID: clientID, Name: "Mail", RedirectURIs: []string{"http://127.0.0.1:9/callback"}, FirstParty: true})
	if err != nil {
		return err
	}
	hash, err := s.Logins.Hasher.Hash(ctx, "a long and quiet passphrase")
	if err != nil {
		return err
	}
	for i := range samples {
		if _, err := s.Users.Add(ctx, user.New{Name: person(i), PasswordHash: hash}); err != nil {
			return err
		}
	}
	return nil
}

func person(i int) string { return fmt.Sprintf("person%05d", i) }

// nobody is a name of the same length that no person has.
func nobody(i int) string { return fmt.Sprintf("nobody%05d", i) }

// measure tries one of each kind in turn, so that whatever else the machine does falls on
// both alike, and tosses a coin for which goes first, so that the garbage of one try is not
// always collected during the other.
func measure(ctx context.Context, issuer string, samples int) (known, unknown []time.Duration, err error) {
	b := formbrowser.New(nil)
	for i := range samples {
		pair := []string{person(i), nobody(i)}
		rand.Shuffle(2, func(a, b int) { pair[a], pair[b] = pair[b], pair[a] })
		for _, name := range pair {
			took, err := try(ctx, b, issuer, name)
			if err != nil {
				return nil, nil, err
			}
			if name == person(i) {
				known = append(known, took)
			} else {
				unknown = append(unknown, took)
			}
		}
		if done := i + 1; done%100 == 0 {
			fmt.Fprintf(os.Stderr, "%d of %d\n", done, samples)
		}
	}
	return known, unknown, nil
}

// try takes one sign-in to its failure and returns how long the form took to be
// answered, with the page that follows.
func try(ctx context.Context, b *formbrowser.Browser, issuer, name string) (time.Duration, error) {
	page, err := b.Get(ctx, issuer+"/authorize?client_id="+clientID+"&response_type=code&scope=openid&state=s"+
		"&redirect_uri=http://127.0.0.1:9/callback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256")
	if err != nil {
		return 0, err
	}
	began := time.Now()
	page, err = b.Press(ctx, page, "login-submit", map[string]string{"username": name, "password": "not the password of anybody"})
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	if page.State != "login" || !page.Has("login-error") {
		return 0, fmt.Errorf("%s got to %q with status %d", name, page.State, page.Status)
	}
	return took, nil
}
