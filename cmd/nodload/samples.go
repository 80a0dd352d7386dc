package main

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/internal/pause"
)

// sample is what the server holds at a moment.
type sample struct {
	At          time.Duration `json:"at_ns"`
	MemoryMiB   float64       `json:"memory_mib"`
	HeapMiB     float64       `json:"heap_mib"`
	Goroutines  float64       `json:"goroutines"`
	Files       float64       `json:"files"`
	LogMiB      float64       `json:"wal_mib"`
	DatabaseMiB float64       `json:"database_mib"`
	Logins      int64         `json:"logins"`
}

// samples weighs the server again and again until ctx ends.
func (t *target) samples(ctx context.Context, every time.Duration, done *soaked) (all []sample, err error) {
	for began := time.Now(); pause.For(ctx, every) == nil; {
		w, err := t.weigh(ctx)
		if err != nil {
			if ctx.Err() != nil {
				break
			}
			return all, err
		}
		s := sample{
			At: time.Since(began), MemoryMiB: w.MemoryMiB, HeapMiB: w.HeapMiB, Goroutines: float64(w.Goroutines), Files: float64(w.Files),
			Logins: atomic.LoadInt64(&done.Logins),
		}
		size := func(name string) float64 {
			info, err := os.Stat(filepath.Join(t.dir, "data", name))
			if err != nil {
				return 0
			}
			return mib(info.Size())
		}
		s.DatabaseMiB, s.LogMiB = size("nod.db"), size("nod.db-wal")
		all = append(all, s)
	}
	if len(all) == 0 && ctx.Err() != nil && !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, ctx.Err()
	}
	return all, nil
}

// trend is how one figure went.
type trend struct {
	Name   string  `json:"name"`
	First  float64 `json:"first"`
	Last   float64 `json:"last"`
	Mean   float64 `json:"mean"`
	Growth float64 `json:"growth"` // of the fitted line, over all samples
	Flat   bool    `json:"flat"`
}

// measures are the figures that must not grow, and by how much they may, besides a tenth of
// their mean: what a longer garbage collection or a connection more makes.
var measures = []struct {
	name  string
	grace float64
	of    func(sample) float64
}{
	{"memory MiB", 4, func(s sample) float64 { return s.MemoryMiB }},
	{"heap MiB", 4, func(s sample) float64 { return s.HeapMiB }},
	{"goroutines", 5, func(s sample) float64 { return s.Goroutines }},
	{"files", 5, func(s sample) float64 { return s.Files }},
	{"WAL MiB", 2, func(s sample) float64 { return s.LogMiB }},
}

func trends(all []sample) (found []trend) {
	for _, m := range measures {
		t := trend{Name: m.name, First: m.of(all[0]), Last: m.of(all[len(all)-1])}
		slope, mean := fitted(all, m.of)
		t.Mean, t.Growth = mean, slope*(all[len(all)-1].At-all[0].At).Seconds()
		t.Flat = t.Growth <= math.Max(m.grace, mean/10)
		found = append(found, t)
	}
	return found
}

// fitted is the slope by the second of the line that fits best, and the mean.
func fitted(all []sample, of func(sample) float64) (slope, mean float64) {
	var at float64
	for _, s := range all {
		at += s.At.Seconds() / float64(len(all))
		mean += of(s) / float64(len(all))
	}
	var up, across float64
	for _, s := range all {
		x := s.At.Seconds() - at
		up += x * (of(s) - mean)
		across += x * x
	}
	if across == 0 {
		return 0, mean
	}
	return up / across, mean
}
