package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// seals chains what was committed, as a running server does.
func (s *terminal) seals(in *installation) {
	s.t.Helper()
	if _, err := (&audit.Sealer{DB: in.DB, Box: in.Instance.Box}).Seal(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

func TestTheJournalIsReadAndVerified(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	in := s.opened()
	s.seals(in)
	s.does("user", "set", "alice", "--nickname", "Al")
	var entries []entryView
	s.does("audit", "--json").json(&entries)
	if len(entries) != 2 || entries[0].Action != "user.added" || *entries[0].Seq != 1 || !strings.HasPrefix(entries[0].Actor, "cli:") ||
		entries[1].Action != "user.changed" || entries[1].Seq != nil || !strings.Contains(string(entries[1].Detail), "nickname") {
		t.Errorf("got %+v", entries)
	}
	var report audit.Report
	s.does("audit", "verify", "--json").json(&report)
	if report.Sealed != 1 || report.Unsealed != 1 {
		t.Errorf("got %+v", report)
	}
	if human := s.does("audit", "verify").stdout; !strings.Contains(human, "1 entry in the chain, 1 not yet sealed") {
		t.Errorf("got %q", human)
	}
	if err := in.DB.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE audit SET actor = 'cli:nobody' WHERE seq = 1")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	s.types("", "audit", "verify").fails(statusFailure, "tampered with", "entry 1", "Compare with a backup")
	s.types("", "audit", "--last", "-1").fails(statusUsage, "--last")
}

func TestTheJournalIsFollowedEntryByEntry(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "zero")
	in := s.opened()
	s.seals(in)
	s.does("user", "add", "one") // not sealed when the following begins
	ctx, stop := context.WithCancel(t.Context())
	r, w := io.Pipe()
	root := newRootCommand()
	root.SetOut(w)
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, root, []string{"audit", "--follow", "--json", "--last", "1"})
		_ = w.Close()
	}()
	lines := bufio.NewScanner(r)
	next := func() (e entryView) {
		t.Helper()
		timeout := time.AfterFunc(10*time.Second, func() { _ = r.CloseWithError(io.ErrUnexpectedEOF) })
		defer timeout.Stop()
		if !lines.Scan() {
			t.Fatalf("got no line: %v", lines.Err())
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		return e
	}
	for _, name := range []string{"one", "two", "three"} {
		if name != "one" {
			s.does("user", "add", name)
			s.seals(in)
		}
		if e := next(); !strings.Contains(string(e.Detail), `"`+name+`"`) {
			t.Errorf("got %+v, want %s", e, name)
		}
	}
	stop()
	if got := <-status; got != statusOK {
		t.Errorf("interrupted: got status %d, want 0", got)
	}
	if lines.Scan() {
		t.Errorf("one line too many: %s", lines.Text())
	}
}
