package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// target is the nod under load: a process of its own.
type target struct {
	url   string
	nod   string
	dir   string
	place []string // flags that every verb needs
	// database is the address of PostgreSQL, "" for SQLite.
	database string
	flags    []string // of nod serve
	env      []string // its environment, besides this process's
	address  string   // where it listens
	figures  string   // where it tells its figures, "" for nowhere
	process  *exec.Cmd
	log      *os.File
	client   *http.Client
	// postmaster is the process of the PostgreSQL server, 0 for SQLite.
	postmaster int
}

// start builds nod unless a binary was given, runs it on an empty installation and waits
// until it answers.
func start(ctx context.Context, s settings, flags ...string) (t *target, err error) {
	dir, err := os.MkdirTemp("", "nodload-")
	if err != nil {
		return nil, err
	}
	t = &target{dir: dir, nod: s.nod, database: s.database, postmaster: s.postmaster}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.stop())
		}
	}()
	if t.nod == "" {
		progress("building nod")
		t.nod = filepath.Join(dir, "nod")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-tags", s.tags, "-o", t.nod,
			"github.com/nod-idp/nod/cmd/nod")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build nod (run this from the source tree, or give -nod): %w\n%s", err, out)
		}
	}
	t.place = []string{"--data", filepath.Join(dir, "data")}
	if s.database != "" {
		t.place = append(t.place, "--database", s.database)
	}
	return t, t.serve(ctx, s, flags)
}

// serve chooses a free address and starts nod there for the first time.
func (t *target) serve(ctx context.Context, s settings, flags []string) (err error) {
	if t.address, err = freeAddress(); err != nil {
		return err
	}
	t.url = "http://localhost:" + t.address[strings.LastIndex(t.address, ":")+1:]
	level := "warn"
	if s.logLevel != "" {
		level = s.logLevel
	}
	t.flags = append([]string{"serve", "--listen", t.address, "--public-url", t.url, "--log-level", level}, t.place...)
	if s.figures {
		if t.figures, err = freeAddress(); err != nil {
			return err
		}
		t.flags = append(t.flags, "--metrics", t.figures)
	}
	t.flags = append(t.flags, flags...)
	if s.tags == profileTag {
		t.profiled()
	}
	if t.log, err = os.Create(filepath.Join(t.dir, "log")); err != nil {
		return err
	}
	t.connect(t.address, s.workers)
	if err := t.launch(); err != nil {
		return err
	}
	return t.answers(ctx)
}

// freeAddress is one on loopback where nobody listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// launch starts the process and does not wait until it answers.
func (t *target) launch() error {
	t.process = exec.Command(t.nod, t.flags...)
	t.process.Stderr, t.process.Stdout = t.log, t.log
	t.process.Env = append(os.Environ(), t.env...)
	return t.process.Start()
}

// answers waits for the first discovery answer.
func (t *target) answers(ctx context.Context) error {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		if res, err := t.client.Get(t.url + "/.well-known/openid-configuration"); err == nil {
			_ = res.Body.Close()
			return nil
		}
		if err := pause.For(ctx, time.Millisecond); err != nil {
			return err
		}
	}
	text, _ := os.ReadFile(t.log.Name())
	return fmt.Errorf("nod did not answer within 30 s\n%s", text)
}

// connect makes the client that requests are sent with.
func (t *target) connect(address string, workers int) {
	t.client = &http.Client{
		Timeout:       30 * time.Second,
		Transport:     &http.Transport{MaxIdleConns: 20000, MaxIdleConnsPerHost: max(64, 2*workers), DialContext: dialed(address)},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// dialed leads every connection to the server: localhost may mean another address family.
func dialed(address string) func(context.Context, string, string) (net.Conn, error) {
	var d net.Dialer
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "tcp", address)
	}
}

// verb runs one of nod's commands and reads what it prints as JSON.
func (t *target) verb(ctx context.Context, stdin string, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, t.nod, append(append(args, "--json"), t.place...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, diagnosis bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diagnosis
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("nod %s: %w\n%s", strings.Join(args, " "), err, &diagnosis)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(out.Bytes(), into)
}

// stop ends the server and removes what it left.
func (t *target) stop() error {
	if t == nil {
		return nil
	}
	var err error
	if t.process != nil && t.process.Process != nil {
		_ = t.process.Process.Signal(syscall.SIGTERM)
		done := make(chan error, 1)
		go func() { done <- t.process.Wait() }()
		select {
		case err = <-done:
		case <-time.After(30 * time.Second):
			err = errors.Join(errors.New("nod did not stop within 30 s"), t.process.Process.Kill())
		}
	}
	if t.log != nil {
		_ = t.log.Close()
	}
	return errors.Join(err, os.RemoveAll(t.dir))
}
