// Command nodload measures nod under load. It starts the real binary on a throw-away data
// directory, or on a given PostgreSQL, sets it up by its own commands, drives it over HTTP
// as applications, browsers and phones do, and reads from the operating system how much
// processor time and memory the server used.
//
//	go run ./cmd/nodload operations
//	go run ./cmd/nodload waiting -pages 10000
//	go run ./cmd/nodload soak -for 30m
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// report is what a program found, as text for people and as JSON for programs.
type report interface{ String() string }

// verdict is a report that can be bad news.
type verdict interface {
	report
	// Verdict is nil if everything is as it has to be.
	Verdict() error
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run runs one program and returns the exit code: 0 for good news, 1 for bad, 2 for a
// question that it did not understand.
func run(ctx context.Context, args []string, out, diagnosis io.Writer) int {
	if len(args) == 0 || args[0] == "-h" || args[0] == "-help" || args[0] == "--help" || args[0] == "help" {
		_, _ = fmt.Fprintf(diagnosis, "usage: nodload PROGRAM [flags]\n\n%s\nnodload PROGRAM --help tells more.\n", listed())
		if len(args) == 0 {
			return 2
		}
		return 0
	}
	p, known := programs[args[0]]
	if !known {
		_, _ = fmt.Fprintf(diagnosis, "nodload: there is no program %q\n\n%s", args[0], listed())
		return 2
	}
	flags, s := p.bind(args[0], diagnosis)
	switch err := flags.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(diagnosis, "nodload: %s takes no %q, only flags; see nodload %s --help\n", args[0], flags.Arg(0), args[0])
		return 2
	}
	if s.short {
		p.short(s)
	}
	found, err := p.run(ctx, *s)
	if found != nil && err == nil {
		show(out, found, s.asJSON)
		if v, ok := found.(verdict); ok {
			err = v.Verdict()
		}
	}
	if err != nil {
		_, _ = fmt.Fprintln(diagnosis, "nodload:", err)
		return 1
	}
	return 0
}

func show(out io.Writer, found report, asJSON bool) {
	switch text := found.String(); {
	case asJSON:
		_ = json.NewEncoder(out).Encode(found)
	case text != "":
		_, _ = fmt.Fprintln(out, text)
	}
}

// progress tells on stderr what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
