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

// hide keeps the terminal from showing what is typed until show is called. It has to come
// before the question: whoever answers at once, or pastes, would see the beginning.
func hide(f *os.File) (show func(), err error) {
	before, err := unix.IoctlGetTermios(int(f.Fd()), readTermios)
	if err != nil {
		return nil, fmt.Errorf("read from the terminal: %w", err)
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(int(f.Fd()), writeTermios, &hidden); err != nil {
		return nil, fmt.Errorf("read from the terminal: %w", err)
	}
	restore := func() { _ = unix.IoctlSetTermios(int(f.Fd()), writeTermios, before) }

	// Whoever gives up in the middle must get his echo back.
	interrupted := make(chan os.Signal, 1)
	over := make(chan struct{})
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-interrupted:
			restore()
			os.Exit(statusFailure)
		case <-over:
		}
	}()
	return func() {
		close(over)
		signal.Stop(interrupted)
		restore()
	}, nil
}
