package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// isTerminal reports whether a person sits at the other end.
func isTerminal(r io.Reader) bool {
	f, ok := r.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), readTermios)
	return err == nil
}

// readHidden reads one line that is not shown while it is typed.
func readHidden(f *os.File) (string, error) {
	before, err := unix.IoctlGetTermios(int(f.Fd()), readTermios)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(int(f.Fd()), writeTermios, &hidden); err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	restore := func() { _ = unix.IoctlSetTermios(int(f.Fd()), writeTermios, before) }
	defer restore()

	// Whoever gives up in the middle must get his echo back.
	interrupted := make(chan os.Signal, 1)
	read := make(chan struct{})
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(interrupted)
	defer close(read)
	go func() {
		select {
		case <-interrupted:
			restore()
			os.Exit(statusFailure)
		case <-read:
		}
	}()
	return readLine(f)
}
