package browsertest

import (
	"bytes"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Process is a program that ends with the test, together with all it started.
type Process struct {
	// Exited is closed when the program has ended.
	Exited chan struct{}

	cmd *exec.Cmd

	mu     sync.Mutex
	output bytes.Buffer
}

// Run starts the program in a process group of its own and collects what it prints.
// Give the command a Stdout to read that yourself.
func Run(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{Exited: make(chan struct{}), cmd: cmd}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	endWithParent(cmd.SysProcAttr)
	if cmd.Stdout == nil {
		cmd.Stdout = p
	}
	cmd.Stderr = p
	// Grandchildren keep the pipes open for a moment after the program is gone.
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	go func() {
		defer close(p.Exited)
		_ = cmd.Wait() // how it ended is in what it printed
	}()
	t.Cleanup(p.Kill)
	return p
}

// Kill ends the program and whatever it started, and waits until it is gone.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // gone already is fine
	<-p.Exited
}

// Write takes what the program prints.
func (p *Process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.output.Write(b)
}

// Printed returns the last lines that the program printed.
func (p *Process) Printed(lines int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Split(strings.TrimRight(p.output.String(), "\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
