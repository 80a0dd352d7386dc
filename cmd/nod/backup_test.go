package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/backup"
)

// keep copies the sealing key to where a restored installation finds it.
func (s *terminal) keep(dir string) {
	s.t.Helper()
	key, err := os.ReadFile(filepath.Join(s.dir, "sealing.key"))
	if err != nil {
		s.t.Fatal(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "sealing.key"), key, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestABackupIsTakenVerifiedAndRestored(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	file := filepath.Join(t.TempDir(), "nod.backup")
	var taken, verified backup.Summary
	s.does("backup", file, "--json").json(&taken)
	s.does("backup", "verify", file, "--json").json(&verified)
	if taken != verified || taken.Rows < 5 {
		t.Errorf("got %+v and %+v", taken, verified)
	}
	s.types("", "backup", file).fails(statusFailure, "is there already", "--force")
	s.does("backup", "--force", file, "--json").json(&taken) // with the entry about the one before
	s.does("user", "add", "bob")

	into := filepath.Join(t.TempDir(), "restored")
	s.types("", "restore", file, "--data", into).fails(statusFailure, "sealing key", "--sealing-key-file")
	s.keep(into)
	var done restored
	s.does("restore", file, "--data", into, "--json").json(&done)
	if done.Backup.Rows != taken.Rows || done.Epoch <= taken.Epoch || done.Former != "" {
		t.Errorf("got %+v", done)
	}
	var people []map[string]any
	s.does("user", "list", "--data", into, "--json").json(&people)
	if len(people) != 1 {
		t.Errorf("got %d people, want those of the backup", len(people))
	}
	s.does("audit", "verify", "--data", into)
	if out := s.does("audit", "--data", into).stdout; !strings.Contains(out, "instance.restored") {
		t.Errorf("the journal does not tell of it: %s", out)
	}
	if left, err := filepath.Glob(filepath.Join(into, "*")); err != nil || len(left) != 3 { // and serve.lock
		t.Errorf("got %v, %v", left, err)
	}
}

func TestARestoreReplacesOnlyWhatItMay(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	file := filepath.Join(t.TempDir(), "nod.backup")
	s.does("backup", file)
	s.does("user", "add", "bob")
	s.types("", "restore", file).fails(statusFailure, "not empty", "--replace")
	s.types("", "restore", file, "--replace").fails(statusFailure, "--yes")
	lock, err := server.Hold(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	s.types("", "restore", file, "--replace", "--yes").fails(statusFailure, "another nod serve runs", "Stop every server")
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	var done restored
	s.does("restore", file, "--replace", "--yes", "--json").json(&done)
	var now, before []map[string]any
	s.does("user", "list", "--json").json(&now)
	if err := os.Rename(done.Former, filepath.Join(s.dir, "nod.db")); err != nil {
		t.Fatal(err)
	}
	s.does("user", "list", "--json").json(&before)
	if len(now) != 1 || len(before) != 2 {
		t.Errorf("got %d people now and %d in the former database, want 1 and 2", len(now), len(before))
	}
}

func TestNothingIsTouchedForABackupThatCannotBeRead(t *testing.T) {
	s, other := newTerminal(t), t.TempDir()
	s.does("user", "add", "alice")
	file := filepath.Join(t.TempDir(), "nod.backup")
	s.does("backup", file)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	untouched := func(words ...string) {
		t.Helper()
		into := filepath.Join(t.TempDir(), "new")
		s.types("", "restore", file, "--data", into, "--sealing-key-file", filepath.Join(s.dir, "sealing.key")).fails(statusFailure, words...)
		if _, err := os.Stat(into); !os.IsNotExist(err) {
			t.Errorf("the data directory was made: %v", err)
		}
		s.types("", "restore", file, "--replace", "--yes").fails(statusFailure, words...)
		var people []map[string]any
		s.does("user", "list", "--json").json(&people)
		if len(people) != 1 {
			t.Errorf("got %v", people)
		}
	}
	for words, text := range map[string][]byte{
		"no backup of nod": []byte("something else"),
		"damaged":          good[:len(good)-1],
	} {
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		untouched(words, "another backup")
		s.types("", "backup", "verify", file).fails(statusFailure, words)
	}
	// A backup of somebody else.
	s.does("user", "add", "carol", "--data", filepath.Join(other, "data"))
	s.does("backup", "--force", file, "--data", filepath.Join(other, "data"))
	untouched("another sealing key", "retired")
	if after, err := os.ReadFile(file); err != nil || bytes.Equal(after, good) {
		t.Errorf("the file is the one before, %v", err)
	}
}

func TestTheSealingKeyMayBePreparedForSeveralMachines(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	var prepared, done, again resealed
	s.does("keys", "reseal", "--prepare", "--json").json(&prepared)
	s.does("keys", "reseal", "--prepare", "--json").json(&again)
	s.does("keys", "reseal", "--json").json(&done)
	if prepared.Key != done.Key || again.Key != done.Key || done.Retired != filepath.Join(s.dir, "sealing.key.retired") {
		t.Errorf("got %+v, %+v and %+v", prepared, again, done)
	}
	s.does("user", "list")
	file := filepath.Join(t.TempDir(), "nod.backup")
	s.does("backup", file)
	s.types("", "backup", "verify", file, "--sealing-key-file", done.Retired).fails(statusFailure, "another sealing key")
}
