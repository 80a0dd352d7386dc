package metric

import "strings"

// Gauge adds a figure that is read whenever the figures are asked for.
func (r *Registry) Gauge(name, help string, read func() float64) {
	r.add(family{name, help, "gauge", func(w *strings.Builder, name string) { line(w, name, "", number(read())) }})
}

// Set tells one value of a figure with labels, in the order of the labels.
type Set func(value float64, labels ...string)

// Gauges adds a figure with labels: read is asked whenever the figures are, and sets as
// many series as there are.
func (r *Registry) Gauges(name, help string, labels []string, read func(Set)) {
	r.add(family{name, help, "gauge", func(w *strings.Builder, name string) {
		written := 0
		read(func(value float64, values ...string) {
			if written++; written <= maxSeries {
				line(w, name, pairs(labels, values), number(value))
			}
		})
	}})
}
