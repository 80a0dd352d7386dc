package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nod-idp/nod/idp/password"
)

// person types at a pseudo-terminal and sees what it shows.
type person struct {
	t        *testing.T
	terminal *os.File // the end that nod has
	keyboard *os.File
	mu       sync.Mutex
	screen   bytes.Buffer
}

func newPerson(t *testing.T) *person {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatalf("a pseudo-terminal: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetUint32(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	p := &person{t: t, terminal: terminal, keyboard: keyboard}
	go func() {
		b := make([]byte, 1024)
		for {
			n, err := keyboard.Read(b)
			p.mu.Lock()
			p.screen.Write(b[:n])
			p.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return p
}

func (p *person) sees() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.screen.String()
}

// waitsFor returns when the screen shows the text.
func (p *person) waitsFor(text string) {
	p.t.Helper()
	for end := time.Now().Add(10 * time.Second); !strings.Contains(p.sees(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			p.t.Errorf("got the screen %q, want %q", p.sees(), text)
			return
		}
	}
}

// answers runs a command at the terminal and answers its questions in turn.
func (p *person) answers(questions [][2]string, args ...string) (status int) {
	p.t.Helper()
	done := make(chan int, 1)
	root := newRootCommand()
	root.SetIn(p.terminal)
	root.SetOut(p.terminal)
	root.SetErr(p.terminal)
	go func() { done <- run(p.t.Context(), root, args) }()
	for _, q := range questions {
		p.waitsFor(q[0])
		if _, err := p.keyboard.WriteString(q[1] + "\n"); err != nil {
			p.t.Fatal(err)
		}
	}
	select {
	case status = <-done:
	case <-time.After(20 * time.Second):
		p.t.Fatalf("the command waits for more; the screen shows %q", p.sees())
	}
	return status
}

func TestAPasswordIsAskedForTwiceAndNotShown(t *testing.T) {
	s := newTerminal(t)
	s.does("user", "add", "alice")
	p := newPerson(t)
	if status := p.answers([][2]string{{"New password for alice: ", goodPassword}, {"The same again: ", goodPassword}}, "user", "password", "alice"); status != statusOK {
		t.Fatalf("got status %d: %s", status, p.sees())
	}
	p.waitsFor("Set the password of alice.")
	if strings.Contains(p.sees(), goodPassword) {
		t.Errorf("the password is on the screen: %q", p.sees())
	}
	u, err := s.opened().Users.ByLogin(t.Context(), "alice")
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := new(password.Hasher).Verify(t.Context(), u.PasswordHash, goodPassword); !ok || err != nil {
		t.Errorf("got %v, %v, want the password that was typed", ok, err)
	}
	if modes, err := unix.IoctlGetTermios(int(p.terminal.Fd()), unix.TCGETS); err != nil || modes.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal does not show what is typed any more: %v", err)
	}
	again := newPerson(t)
	if status := again.answers([][2]string{{"New password", goodPassword}, {"again: ", "another one altogether"}}, "user", "password", "alice"); status != statusFailure {
		t.Errorf("two that differ: got status %d", status)
	}
	again.waitsFor("the two passwords differ")
}

func TestAPersonIsAskedBeforeSomethingIsLost(t *testing.T) {
	s := newTerminal(t)
	s.does("client", "add", "mail", "--redirect-uri", "https://mail.example/cb")
	s.does("user", "add", "alice")
	for answer, want := range map[string]int{"": statusFailure, "n": statusFailure, "maybe": statusFailure} {
		p := newPerson(t)
		if status := p.answers([][2]string{{"Go ahead? [y/N] ", answer}}, "client", "remove", "mail"); status != want {
			t.Errorf("%q: got status %d, want %d", answer, status, want)
		}
		p.waitsFor("nothing was changed")
		s.does("client", "show", "mail")
	}
	p := newPerson(t)
	if status := p.answers([][2]string{{"disable alice", "no"}}, "user", "disable", "alice"); status != statusFailure {
		t.Errorf("disable: got status %d", status)
	}
	p = newPerson(t)
	if status := p.answers([][2]string{{"This would remove the client mail (mail) for good", "YES"}}, "client", "remove", "mail"); status != statusOK {
		t.Errorf("got status %d: %s", status, p.sees())
	}
	s.types("", "client", "show", "mail").fails(statusFailure, "no such client")
}
