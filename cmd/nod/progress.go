package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// progress tells somebody who waits at a terminal how far something has come, in one line
// that is written again and again. Elsewhere it says nothing.
type progress struct {
	to    io.Writer // nil: nobody looks
	width int
	next  time.Time
}

const progressEvery = 100 * time.Millisecond

func newProgress(cmd *cobra.Command) *progress {
	if f, ok := cmd.ErrOrStderr().(*os.File); ok && isTerminal(f) && !wantsJSON(cmd) {
		return &progress{to: f}
	}
	return &progress{}
}

// tell shows a line, unless one was shown just before.
func (p *progress) tell(format string, args ...any) {
	if p.to == nil || time.Now().Before(p.next) {
		return
	}
	p.next = time.Now().Add(progressEvery)
	line := fmt.Sprintf(format, args...)
	fmt.Fprintf(p.to, "\r%s%s", line, strings.Repeat(" ", max(0, p.width-len(line))))
	p.width = len(line)
}

// end clears the line.
func (p *progress) end() {
	if p.to != nil && p.width > 0 {
		fmt.Fprintf(p.to, "\r%s\r", strings.Repeat(" ", p.width))
		p.width = 0
	}
}

// rows is the progress of rows of tables. of is 0 where nobody knows how many there are.
func (p *progress) rows(doing string) func(what string, rows, of int64) {
	return func(what string, rows, of int64) {
		if of == 0 {
			p.tell("%s %s: %d", doing, what, rows)
			return
		}
		p.tell("%s %s: %d of %d (%d %%)", doing, what, rows, of, rows*100/of)
	}
}
