// Package metric counts and measures, and tells the figures in the text format that
// Prometheus reads (version 0.0.4). It owns counters, histograms, figures that are read
// when they are asked for, and how all of them are written. What is counted, what it is
// called and who may read it is left to others.
//
// Counting is an atomic addition: no lock, no allocation. The number of series is bounded
// whatever happens: a name with labels has at most maxSeries of them, and what would be
// more is counted together.
//
// Words: a family is one name with its help and its type; a series is one set of values of
// its labels.
package metric

import (
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
)

// Registry is a set of families. It is filled at the start and written whenever somebody
// asks. Its methods are safe for concurrent use.
type Registry struct {
	mu       sync.Mutex
	families []family
}

// family is one name.
type family struct {
	name, help, kind string
	write            func(w *strings.Builder, name string)
}

// plainName is what Prometheus takes for a name without quoting it.
var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// add takes a family up. A name that is taken or cannot be written is a mistake in the
// program, found at its start.
func (r *Registry) add(f family) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !plainName.MatchString(f.name) || f.help == "" || strings.ContainsAny(f.help, "\n\\") {
		panic(fmt.Sprintf("metric %q with help %q cannot be written", f.name, f.help))
	}
	for _, other := range r.families {
		if other.name == f.name {
			panic(fmt.Sprintf("metric %s is there twice", f.name))
		}
	}
	r.families = append(r.families, f)
}

// Write writes every family that has a series.
func (r *Registry) Write(w io.Writer) error {
	r.mu.Lock()
	families := r.families
	r.mu.Unlock()
	var all, series strings.Builder
	for _, f := range families {
		series.Reset()
		f.write(&series, f.name)
		if series.Len() == 0 {
			continue
		}
		fmt.Fprintf(&all, "# HELP %s %s\n# TYPE %s %s\n%s", f.name, f.help, f.name, f.kind, series.String())
	}
	_, err := io.WriteString(w, all.String())
	return err
}

// Names returns the names of all families, in the order in which they are written.
func (r *Registry) Names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := make([]string, len(r.families))
	for i, f := range r.families {
		names[i] = f.name
	}
	return names
}
