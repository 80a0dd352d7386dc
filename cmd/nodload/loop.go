package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// outcome is what a closed loop of workers found.
type outcome struct {
	Requests  int           `json:"requests"`
	Failures  int           `json:"failures"`
	Failure   string        `json:"failure,omitempty"` // the first one
	PerSecond float64       `json:"per_second"`
	Median    time.Duration `json:"median_ns"`
	P99       time.Duration `json:"p99_ns"`
	Processor time.Duration `json:"processor_ns"` // of the server for one request
	MemoryMiB float64       `json:"memory_mib"`   // of the server at the end
}

// closed runs workers that each send their next request when the last one was answered,
// until the time is over. worker gives each its own request.
func (t *target) closed(ctx context.Context, workers int, d time.Duration, worker func(i int) func(context.Context) error) (outcome, error) {
	todo := make([]func(context.Context) error, workers)
	for i := range todo {
		todo[i] = worker(i)
	}
	for _, do := range todo { // connections and caches are warm before anything counts
		if err := do(ctx); err != nil {
			return outcome{}, err
		}
	}
	before, err := t.processor()
	if err != nil {
		return outcome{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, d+30*time.Second)
	defer cancel()
	var mu sync.Mutex
	var o outcome
	var took []time.Duration
	began := time.Now()
	var all sync.WaitGroup
	for _, do := range todo {
		all.Go(func() {
			var mine []time.Duration
			var failed int
			var first error
			for time.Since(began) < d {
				at := time.Now()
				if err := do(ctx); err != nil {
					failed++
					if first == nil {
						first = err
					}
				}
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			took, o.Failures = append(took, mine...), o.Failures+failed
			if first != nil && o.Failure == "" {
				o.Failure = first.Error()
			}
		})
	}
	all.Wait()
	elapsed := time.Since(began)
	after, err := t.processor()
	if err != nil {
		return outcome{}, err
	}
	o.Requests, o.PerSecond = len(took), float64(len(took))/elapsed.Seconds()
	o.Median, o.P99 = percentile(took, 50), percentile(took, 99)
	o.Processor = (after - before) / time.Duration(max(1, len(took)))
	memory, err := resident(t.process.Process.Pid)
	o.MemoryMiB = float64(memory) / (1 << 20)
	return o, err
}

// percentile sorts what it is given.
func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[min(len(all)-1, len(all)*p/100)]
}

// ms writes a duration in milliseconds.
func ms(d time.Duration) string { return fmt.Sprintf("%.3f", float64(d)/float64(time.Millisecond)) }
