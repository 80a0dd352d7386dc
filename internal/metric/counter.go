package metric

import (
	"strconv"
	"strings"
	"sync/atomic"
)

// Counter counts something that happens. It only grows.
type Counter struct{ n atomic.Uint64 }

// Inc counts one more.
func (c *Counter) Inc() { c.n.Add(1) }

// Add counts n more.
func (c *Counter) Add(n uint64) { c.n.Add(n) }

func (c *Counter) write(w *strings.Builder, name, labels string) {
	line(w, name, labels, strconv.FormatUint(c.n.Load(), 10))
}

// Counter adds a counter without labels.
func (r *Registry) Counter(name, help string) *Counter {
	c := &Counter{}
	r.add(family{name, help, "counter", func(w *strings.Builder, name string) { c.write(w, name, "") }})
	return c
}

// Counters adds a counter for each set of values of the labels.
func (r *Registry) Counters(name, help string, labels ...string) *Vec[*Counter] {
	v := newVec(labels, func() *Counter { return &Counter{} })
	r.add(family{name, help, "counter", v.write})
	return v
}

// CounterOf adds a counter that somebody else keeps: read is asked whenever the figures
// are.
func (r *Registry) CounterOf(name, help string, read func() float64) {
	r.add(family{name, help, "counter", func(w *strings.Builder, name string) { line(w, name, "", number(read())) }})
}

// line writes one sample. labels are written already, "" for none.
func line(w *strings.Builder, name, labels, value string) {
	w.WriteString(name)
	if labels != "" {
		w.WriteByte('{')
		w.WriteString(labels)
		w.WriteByte('}')
	}
	w.WriteByte(' ')
	w.WriteString(value)
	w.WriteByte('\n')
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
