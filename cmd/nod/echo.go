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

// askHidden asks questions whose answers are not shown while they are typed. The terminal
// hides before it asks: whoever answers at once, or pastes, would see the beginning.
func askHidden(f *os.File, out io.Writer, questions ...string) (answers []string, err error) {
	show, err := hide(f)
	if err != nil {
		return nil, fmt.Errorf("read from the terminal: %w", err)
	}
	defer show()
	for _, q := range questions {
		fmt.Fprint(out, q)
		answer, err := readLine(f)
		fmt.Fprintln(out)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}

// hide keeps the terminal from showing what is typed until show is called.
func hide(f *os.File) (show func(), err error) {
	before, err := unix.IoctlGetTermios(int(f.Fd()), readTermios)
	if err != nil {
		return nil, err
	}
	hidden := *before
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(int(f.Fd()), writeTermios, &hidden); err != nil {
		return nil, err
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
