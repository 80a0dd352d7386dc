package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/config"
)

// asNod makes the test binary behave as nod, for stories with several processes.
const asNod = "NOD_TEST_AS_NOD"

func TestMain(m *testing.M) {
	if os.Getenv(asNod) != "" {
		main()
	}
	os.Exit(m.Run())
}

// terminal is a person's shell on one data directory.
type terminal struct {
	t   *testing.T
	dir string
}

// result is what a command left behind.
type result struct {
	t              *testing.T
	args           string
	stdout, stderr string
	status         int
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	for _, name := range []string{"NOD_DATABASE", "NOD_CONFIG", "NOD_SEALING_KEY_FILE", "NOD_MIN_PASSWORD_LENGTH"} {
		t.Setenv(name, "")
	}
	dir := t.TempDir() + "/data"
	t.Setenv("NOD_DATA", dir)
	return &terminal{t, dir}
}

// types runs a command with this on its stdin.
func (s *terminal) types(stdin string, args ...string) result {
	s.t.Helper()
	return s.runs(s.t.Context(), strings.NewReader(stdin), args...)
}

func (s *terminal) runs(ctx context.Context, stdin io.Reader, args ...string) result {
	s.t.Helper()
	var out, errs bytes.Buffer
	root := newRootCommand()
	root.SetIn(stdin)
	root.SetOut(&out)
	root.SetErr(&errs)
	status := run(ctx, root, args)
	return result{s.t, strings.Join(args, " "), out.String(), errs.String(), status}
}

// does runs a command that must succeed.
func (s *terminal) does(args ...string) result {
	s.t.Helper()
	return s.types("", args...).ok()
}

func (r result) ok() result {
	r.t.Helper()
	if r.status != statusOK {
		r.t.Fatalf("nod %s: status %d\n%s%s", r.args, r.status, r.stdout, r.stderr)
	}
	return r
}

// fails demands a status, and words that stderr holds; stdout stays empty.
func (r result) fails(status int, words ...string) {
	r.t.Helper()
	if r.status != status || r.stdout != "" {
		r.t.Errorf("nod %s: got status %d and stdout %q, want %d and nothing\n%s", r.args, r.status, r.stdout, status, r.stderr)
	}
	for _, w := range words {
		if !strings.Contains(r.stderr, w) {
			r.t.Errorf("nod %s: got %q, want it to say %q", r.args, r.stderr, w)
		}
	}
}

// json reads the one JSON value of stdout and fails if there is anything else.
func (r result) json(into any) {
	r.t.Helper()
	r.ok()
	d := json.NewDecoder(strings.NewReader(r.stdout))
	if err := d.Decode(into); err != nil {
		r.t.Fatalf("nod %s: %v in %q", r.args, err, r.stdout)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		r.t.Errorf("nod %s: more than one JSON value in %q", r.args, r.stdout)
	}
}

// opened is the installation as a long-running process has it.
func (s *terminal) opened() *installation {
	s.t.Helper()
	var c config.Config
	c.Data = s.dir
	in, err := openInstallation(s.t.Context(), c, mustExist)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := in.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return in
}

const goodPassword = "violet tram over quiet hills"
