package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/idp/password/blocklist"
)

func TestOrderCaseAndDoublesDoNotChangeTheOutput(t *testing.T) {
	first := generate(t, "password\nshort\niloveyou\n\n", "sunshine\n")
	second := generate(t, "SUNSHINE\niloveyou\n", "Password\nbad\xffutf8 line\niloveyou\r\n")
	if first != second {
		t.Errorf("got %x and %x, want the same", first, second)
	}
	if got, want := len(first), 3*blocklist.EntrySize; got != want {
		t.Errorf("got %d bytes, want %d", got, want)
	}
}

func TestAMissingWordFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "out.bin")
	if err := run(out, filepath.Join(dir, "count.go"), []string{filepath.Join(dir, "none")}); err == nil {
		t.Fatal("got no error")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an output was written although a word file is missing")
	}
}

// generate runs the command on word files with the given contents and returns the binary output.
func generate(t *testing.T, contents ...string) string {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for i, content := range contents {
		file := filepath.Join(dir, string(rune('a'+i)))
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	out, source := filepath.Join(dir, "out.bin"), filepath.Join(dir, "count.go")
	if err := run(out, source, files); err != nil {
		t.Fatal(err)
	}
	count, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(count), "const Count = 3\n") {
		t.Errorf("got %s, want a count of 3", count)
	}
	entries, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(entries)
}
