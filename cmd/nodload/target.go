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
)

// target is the nod under load: a process of its own.
type target struct {
	url     string
	nod     string
	dir     string
	place   []string // flags that every verb needs
	process *exec.Cmd
	log     *os.File
	client  *http.Client
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
	t = &target{dir: dir, nod: s.nod, postmaster: s.postmaster}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.stop())
		}
	}()
	if t.nod == "" {
		progress("building nod")
		t.nod = filepath.Join(dir, "nod")
		build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", t.nod, "./cmd/nod")
		if out, err := build.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("build nod (run this from the source tree, or give -nod): %w\n%s", err, out)
		}
	}
	t.place = []string{"--data", filepath.Join(dir, "data")}
	if s.database != "" {
		t.place = append(t.place, "--database", s.database)
	}
	return t, t.serve(ctx, s.workers, flags)
}

func (t *target) serve(ctx context.Context, workers int, flags []string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	_ = l.Close()
	t.url = "http://localhost:" + address[strings.LastIndex(address, ":")+1:]
	if t.log, err = os.Create(filepath.Join(t.dir, "log")); err != nil {
		return err
	}
	args := append([]string{"serve", "--listen", address, "--public-url", t.url, "--log-level", "warn"}, t.place...)
	t.process = exec.Command(t.nod, append(args, flags...)...)
	t.process.Stderr, t.process.Stdout = t.log, t.log
	if err := t.process.Start(); err != nil {
		return err
	}
	t.connect(address, workers)
	for range 200 {
		if res, err := t.client.Get(t.url + "/.well-known/openid-configuration"); err == nil {
			_ = res.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
	text, _ := os.ReadFile(t.log.Name())
	return fmt.Errorf("nod did not answer within 5 s\n%s", text)
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
