package metric

import (
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Histogram says how large something was, by how many were at most as large as each of
// its bounds.
type Histogram struct {
	bounds  []int64 // ascending, in what is observed
	per     float64 // how much of that is 1 in what is written
	buckets []atomic.Uint64
	sum     atomic.Int64
}

// Observe takes a value up.
func (h *Histogram) Observe(v int64) {
	i := 0
	for i < len(h.bounds) && v > h.bounds[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.sum.Add(v)
}

// Took takes a duration up, in a histogram of durations.
func (h *Histogram) Took(d time.Duration) { h.Observe(int64(d)) }

func (h *Histogram) write(w *strings.Builder, name, labels string) {
	comma := ""
	if labels != "" {
		comma = ","
	}
	var n uint64
	for i := range h.buckets {
		bound := "+Inf"
		if i < len(h.bounds) {
			bound = number(float64(h.bounds[i]) / h.per)
		}
		n += h.buckets[i].Load()
		line(w, name+"_bucket", labels+comma+`le="`+bound+`"`, strconv.FormatUint(n, 10))
	}
	line(w, name+"_sum", labels, number(float64(h.sum.Load())/h.per))
	line(w, name+"_count", labels, strconv.FormatUint(n, 10))
}

func histogram(bounds []int64, per float64) *Histogram {
	return &Histogram{bounds: bounds, per: per, buckets: make([]atomic.Uint64, len(bounds)+1)}
}

// nanoseconds makes seconds of what is observed.
func nanoseconds(bounds []time.Duration) []int64 {
	all := make([]int64, len(bounds))
	for i, b := range bounds {
		all[i] = int64(b)
	}
	return all
}

// Durations adds a histogram of durations, written in seconds.
func (r *Registry) Durations(name, help string, bounds ...time.Duration) *Histogram {
	h := histogram(nanoseconds(bounds), float64(time.Second))
	r.add(family{name, help, "histogram", func(w *strings.Builder, name string) { h.write(w, name, "") }})
	return h
}

// DurationsBy adds a histogram of durations for each value of a label.
func (r *Registry) DurationsBy(label, name, help string, bounds ...time.Duration) *Vec[*Histogram] {
	all := nanoseconds(bounds)
	v := newVec([]string{label}, func() *Histogram { return histogram(all, float64(time.Second)) })
	r.add(family{name, help, "histogram", v.write})
	return v
}

// Sizes adds a histogram of whole numbers.
func (r *Registry) Sizes(name, help string, bounds ...int64) *Histogram {
	h := histogram(bounds, 1)
	r.add(family{name, help, "histogram", func(w *strings.Builder, name string) { h.write(w, name, "") }})
	return h
}
