package metric

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Bounds of one family.
const (
	maxLabels = 3
	maxSeries = 1000
	// beyond is the value of every label of what is counted together, once a family has
	// as many series as it may have.
	beyond = "other"
)

type key [maxLabels]string

// series is one set of label values, and what is kept of it.
type series interface {
	write(w *strings.Builder, name, labels string)
}

// Vec is a family with labels. Its series begin when they are first asked for.
type Vec[T series] struct {
	labels []string
	begin  func() T
	mu     sync.Mutex                // of those who add a series
	known  atomic.Pointer[map[key]T] // replaced whole, so that nobody who counts waits
}

func newVec[T series](labels []string, begin func() T) *Vec[T] {
	if len(labels) == 0 || len(labels) > maxLabels {
		panic("a metric has one to three labels")
	}
	v := &Vec[T]{labels: labels, begin: begin}
	v.known.Store(&map[key]T{})
	return v
}

// With returns the series of the values, in the order of the labels.
func (v *Vec[T]) With(values ...string) T {
	var k key
	copy(k[:], values)
	if s, ok := (*v.known.Load())[k]; ok {
		return s
	}
	return v.add(k)
}

func (v *Vec[T]) add(k key) T {
	v.mu.Lock()
	defer v.mu.Unlock()
	known := *v.known.Load()
	if len(known) >= maxSeries-1 {
		k = key{}
		for i := range v.labels {
			k[i] = beyond
		}
	}
	if s, ok := known[k]; ok {
		return s
	}
	s := v.begin()
	grown := maps.Clone(known)
	grown[k] = s
	v.known.Store(&grown)
	return s
}

func (v *Vec[T]) write(w *strings.Builder, name string) {
	known := *v.known.Load()
	keys := slices.SortedFunc(maps.Keys(known), func(a, b key) int { return slices.Compare(a[:], b[:]) })
	for _, k := range keys {
		known[k].write(w, name, pairs(v.labels, k[:]))
	}
}

// pairs writes labels and their values. A value that was left out is "".
func pairs(labels, values []string) string {
	var w strings.Builder
	for i, label := range labels {
		value := ""
		if i < len(values) {
			value = values[i]
		}
		if i > 0 {
			w.WriteByte(',')
		}
		w.WriteString(label + `="`)
		_, _ = escaped.WriteString(&w, strings.ToValidUTF8(value, "\uFFFD"))
		w.WriteByte('"')
	}
	return w.String()
}

var escaped = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
