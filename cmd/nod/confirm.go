package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// errNotAsked is returned when a person would have to be asked and there is none.
var errNotAsked = advised{errors.New("nothing was changed: this cannot be undone and nobody can be asked"), "Say --yes to do it without being asked."}

var errDeclined = errors.New("nothing was changed")

// bindYes lets a command go ahead without asking.
func bindYes(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolP("yes", "y", false, "do it without asking")
	return cmd
}

// certainly says what would be done and asks, before something that no other verb can
// undo. Without a terminal it refuses unless --yes was said.
func (v *verb) certainly(format string, args ...any) error {
	return v.ask(errNotAsked, format, args...)
}

// surely says what would be done and asks, before something that another verb can
// undo. Scripts are not asked.
func (v *verb) surely(format string, args ...any) error {
	return v.ask(nil, format, args...)
}

func (v *verb) ask(unattended error, format string, args ...any) error {
	if v.on("yes") {
		return nil
	}
	terminal := isTerminal(v.cmd.InOrStdin())
	if terminal || unattended != nil {
		fmt.Fprintf(v.cmd.ErrOrStderr(), "This would %s.\n", plain(fmt.Sprintf(format, args...)))
	}
	if !terminal {
		return unattended
	}
	fmt.Fprint(v.cmd.ErrOrStderr(), "Go ahead? [y/N] ")
	answer, err := readLine(v.cmd.InOrStdin())
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return errDeclined
}

// longestLine bounds what is read as one line.
const longestLine = 64 << 10

// readLine reads one line and drops its end. It returns io.EOF only if there was
// nothing at all. What follows the line is left for others who read from there.
func readLine(r io.Reader) (string, error) {
	var line []byte
	for len(line) < longestLine {
		var b [1]byte
		n, err := r.Read(b[:])
		if n == 1 && b[0] == '\n' {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		line = append(line, b[:n]...)
		if errors.Is(err, io.EOF) && len(line) > 0 {
			return strings.TrimSuffix(string(line), "\r"), nil
		}
		if err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("the line is longer than %d bytes", longestLine)
}
