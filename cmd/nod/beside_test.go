package main

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// eventually waits for what another process did to be seen: at most a second.
func eventually(t *testing.T, seen func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Second); ; time.Sleep(20 * time.Millisecond) {
		if seen() {
			return
		}
		if time.Now().After(end) {
			t.Fatal("not seen within a second")
		}
	}
}

// process runs nod as a process of its own.
func (s *terminal) process(args ...string) error {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asNod+"=1", "NOD_DATA="+s.dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nod %v: %w\n%s", args, err, out)
	}
	return nil
}

func TestProcessesWorkBesideEachOtherOnOneDirectory(t *testing.T) {
	s := newTerminal(t)
	s.does("client", "add", "mail", "--redirect-uri", "https://mail.example/cb")
	server := s.opened()
	if _, err := server.Clients.Get(t.Context(), "mail"); err != nil { // its cache is warm
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			for _, args := range [][]string{
				{"user", "add", fmt.Sprintf("user%d", i)},
				{"client", "add", fmt.Sprintf("client%d", i), "--redirect-uri", "https://mail.example/cb"},
			} {
				if err := s.process(args...); err != nil {
					t.Error(err)
					return
				}
			}
			// What was added is seen at the very next request.
			if _, err := server.Users.ByLogin(t.Context(), fmt.Sprintf("user%d", i)); err != nil {
				t.Error(err)
			}
			if _, err := server.Clients.Get(t.Context(), fmt.Sprintf("client%d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := s.process("client", "remove", "mail", "--yes"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { _, err := server.Clients.Get(t.Context(), "mail"); return err != nil })
	var journal []entryView
	s.does("audit", "--last", "100", "--json").json(&journal)
	if len(journal) != 14 {
		t.Errorf("got %d entries in the journal, want 14", len(journal))
	}
}
