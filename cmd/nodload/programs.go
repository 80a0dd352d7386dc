package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// program is one measurement.
type program struct {
	about    string
	examples []string
	flags    func(*flag.FlagSet, *settings)
	// short makes settings small and quick; nil where there is nothing to make small.
	short  func(*settings)
	run    func(context.Context, settings) (report, error)
	hidden bool // a part of another program
}

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
	pages      int           // login pages that wait
	times      int           // how often nod is started
	people     int           // in the database when it is
	logins     int           // after which a soak ends, 0 for the time alone

	url, client string // where the crowd of overload goes

	profile       string // where the profile is kept, "" for nowhere
	asJSON, short bool
	tags          string // that nod is built with
	figures       bool   // whether nod tells its figures
	logLevel      string // of nod, "" for warn
}

// programs are the measurements by their names.
var programs = map[string]program{
	"operations": {
		about:    "processor time of the server for each kind of request",
		examples: []string{"operations -for 4s", "operations -alg ES256 -only refresh"},
		flags: func(f *flag.FlagSet, s *settings) {
			forFlag(f, s, 5*time.Second, "how long each figure is measured")
			workersFlag(f, s)
			databaseFlags(f, s)
			f.StringVar(&s.alg, "alg", "RS256", "algorithm that signs ID tokens: RS256 or ES256")
			f.StringVar(&s.only, "only", "", "measure only the operations whose names contain this text")
		},
		run: operations,
	},
	"overload": {
		about:    "the token endpoint while fifty times more passwords come in than can be hashed",
		examples: []string{"overload -for 8s"},
		flags: func(f *flag.FlagSet, s *settings) {
			forFlag(f, s, 5*time.Second, "how long each figure is measured")
			databaseFlags(f, s)
		},
		run: overload,
	},
	"flood": {
		about: "the crowd of overload", hidden: true, run: flood,
		flags: func(f *flag.FlagSet, s *settings) {
			workersFlag(f, s)
			f.StringVar(&s.url, "url", "", "the server")
			f.StringVar(&s.client, "client", "", "the application's id")
		},
	},
	"waiting": {
		about:    "memory and processor time of login pages that wait for a phone",
		examples: []string{"waiting -pages 10000", "waiting -pages 1000 -for 60s -json"},
		flags: func(f *flag.FlagSet, s *settings) {
			pagesFlag(f, s, 10_000)
			forFlag(f, s, 75*time.Second, "how long the server is watched at rest, and then profiled")
			f.StringVar(&s.profile, "profile", "", "keep the profile in this file, for go tool pprof; with -nod the binary has to be built with the tag profile")
		},
		short: func(s *settings) { s.pages, s.each = 50, time.Second },
		run:   waiting,
	},
	"herd": {
		about:    "all pages coming back at once after the server was killed, and what it forgot",
		examples: []string{"herd -pages 5000"},
		flags:    func(f *flag.FlagSet, s *settings) { pagesFlag(f, s, 5000) },
		short:    func(s *settings) { s.pages = 50 },
		run:      herd,
	},
	"latency": {
		about:    "the time from a phone's approval to its page, while others wait",
		examples: []string{"latency -pages 100"},
		flags:    func(f *flag.FlagSet, s *settings) { pagesFlag(f, s, 100) },
		short:    func(s *settings) { s.pages = 3 },
		run:      latency,
	},
	"start": {
		about:    "the time from a start to the first answer, and memory before and after a load",
		examples: []string{"start -times 10 -for 20s", "start -people 100000"},
		flags: func(f *flag.FlagSet, s *settings) {
			forFlag(f, s, 20*time.Second, "how long the load lasts")
			workersFlag(f, s)
			f.IntVar(&s.times, "times", 10, "how often it is killed and started, and stopped and started")
			f.IntVar(&s.people, "people", 0, "people in the database; at least as many as workers")
		},
		short: func(s *settings) { s.times, s.each, s.workers, s.people = 2, 200*time.Millisecond, 2, 20_000 },
		run:   starting,
	},
	"soak": {
		about:    "whether memory, goroutines and files stay flat under a mixed load",
		examples: []string{"soak -for 30m", "soak -for 24h", "soak -logins 10000000 -for 1000h"},
		flags: func(f *flag.FlagSet, s *settings) {
			forFlag(f, s, 30*time.Minute, "how long the load lasts")
			f.IntVar(&s.workers, "workers", 4, "people who sign in at the same time")
			f.IntVar(&s.logins, "logins", 0, "end after so many logins, 0 for the time alone")
		},
		short: func(s *settings) { s.each, s.workers = 3*time.Second, 2 },
		run:   soak,
	},
}

func forFlag(f *flag.FlagSet, s *settings, d time.Duration, about string) {
	f.DurationVar(&s.each, "for", d, about)
}

func pagesFlag(f *flag.FlagSet, s *settings, n int) {
	f.IntVar(&s.pages, "pages", n, "login pages that wait")
}

func workersFlag(f *flag.FlagSet, s *settings) {
	f.IntVar(&s.workers, "workers", 16, "requests under way at the same time")
}

func databaseFlags(f *flag.FlagSet, s *settings) {
	f.StringVar(&s.database, "database", "", "an empty PostgreSQL database to use instead of SQLite, postgres://…")
	f.IntVar(&s.postmaster, "postmaster", 0, "process id of the PostgreSQL server, whose processor time counts too")
}

// bind declares the flags of a program and its help.
func (p program) bind(name string, out io.Writer) (*flag.FlagSet, *settings) {
	s := &settings{workers: 16}
	f := flag.NewFlagSet("nodload "+name, flag.ContinueOnError)
	f.SetOutput(out)
	f.StringVar(&s.nod, "nod", "", "binary to measure; left out means the one of this source tree")
	f.BoolVar(&s.asJSON, "json", false, "print the result as JSON")
	if p.short != nil {
		f.BoolVar(&s.short, "short", false, "small and quick, to see whether it works; overrides the sizes")
	}
	p.flags(f, s)
	f.Usage = func() {
		_, _ = fmt.Fprintf(out, "usage: nodload %s [flags]\n\nMeasures %s.\n\n", name, p.about)
		for _, example := range p.examples {
			_, _ = fmt.Fprintf(out, "  go run ./cmd/nodload %s\n", example)
		}
		_, _ = fmt.Fprintln(out)
		f.PrintDefaults()
	}
	return f, s
}

// listed is all programs, a line each.
func listed() string {
	var lines []string
	for name, p := range programs {
		if !p.hidden {
			lines = append(lines, fmt.Sprintf("  %-12s %s\n", name, p.about))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
