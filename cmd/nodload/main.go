// Command nodload measures nod under load. It starts the real binary on a throw-away data
// directory, or on a given PostgreSQL, sets it up by its own commands, drives it over HTTP
// as applications, browsers and phones do, and reads from the operating system how much
// processor time and memory the server used.
//
//	go run ./cmd/nodload operations
//	go run ./cmd/nodload overload
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strings"
	"time"
)

// settings are what every program is told.
type settings struct {
	nod      string // the binary, "" to build it
	database string // PostgreSQL, "" for SQLite
	// postmaster is the process id of that PostgreSQL server, so that its time counts too.
	postmaster int
	workers    int
	each       time.Duration // how long one figure is measured
	alg        string        // that signs ID tokens
	only       string        // operations whose names contain it

	url, client string // where the crowd of overload goes
	asJSON      bool
}

// programs are the measurements by their names.
var programs = map[string]struct {
	about string
	run   func(context.Context, settings) (report, error)
}{
	"operations": {"processor time of the server for each kind of request", operations},
	"overload":   {"the token endpoint while fifty times more passwords come in than can be hashed", overload},
}

// report is what a program found, as text for people and as JSON for programs.
type report interface{ String() string }

func main() {
	var s settings
	flags := flag.NewFlagSet("nodload", flag.ContinueOnError)
	flags.StringVar(&s.nod, "nod", "", "binary to measure; left out means the one of this source tree")
	flags.StringVar(&s.database, "database", "", "an empty PostgreSQL database to use instead of SQLite, postgres://…")
	flags.IntVar(&s.postmaster, "postmaster", 0, "process id of the PostgreSQL server, whose processor time counts too")
	flags.IntVar(&s.workers, "workers", 16, "requests under way at the same time")
	flags.DurationVar(&s.each, "for", 5*time.Second, "how long each figure is measured")
	flags.StringVar(&s.alg, "alg", "RS256", "algorithm that signs ID tokens: RS256 or ES256")
	if len(os.Args) > 1 && os.Args[1] == "flood" {
		flags.StringVar(&s.url, "url", "", "the server")
		flags.StringVar(&s.client, "client", "", "the application's id")
	}
	flags.StringVar(&s.only, "only", "", "measure only the operations whose names contain this text")
	flags.BoolVar(&s.asJSON, "json", false, "print the result as JSON")
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "usage: nodload PROGRAM [flags]\n\n%s\n", listed())
		flags.PrintDefaults()
	}
	if len(os.Args) < 2 || strings.HasPrefix(os.Args[1], "-") {
		flags.Usage()
		os.Exit(2)
	}
	program, known := programs[os.Args[1]]
	if os.Args[1] == "flood" { // a part of overload
		program.run, known = flood, true
	}
	if !known {
		fmt.Fprintf(os.Stderr, "nodload: there is no program %q\n\n%s", os.Args[1], listed())
		os.Exit(2)
	}
	if flags.Parse(os.Args[2:]) != nil {
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	found, err := program.run(ctx, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "nodload:", err)
		os.Exit(1)
	}
	switch text := found.String(); {
	case s.asJSON:
		_ = json.NewEncoder(os.Stdout).Encode(found)
	case text != "":
		fmt.Println(text)
	}
}

func listed() string {
	lines := make([]string, 0, len(programs))
	for name, p := range programs {
		lines = append(lines, fmt.Sprintf("  %-12s %s\n", name, p.about))
	}
	sort.Strings(lines)
	return strings.Join(lines, "")
}

// progress tells on stderr what is being done.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
