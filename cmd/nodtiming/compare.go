package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// result is what two sets of times have in common.
type result struct {
	Known   summary `json:"known"`
	Unknown summary `json:"unknown"`
	// P is the probability of a difference at least as large by chance alone, by the
	// two-sided Mann-Whitney U test with the normal approximation.
	P float64 `json:"p"`
	// Larger is how often a time of somebody known is the larger of two picked at random:
	// 0.5 if the sets do not differ.
	Larger float64 `json:"larger"`
}

// summary is one set of times, in milliseconds.
type summary struct {
	Samples int     `json:"samples"`
	P10     float64 `json:"p10_ms"`
	Median  float64 `json:"median_ms"`
	P90     float64 `json:"p90_ms"`
}

func compare(known, unknown []time.Duration) result {
	u := rankSum(known, unknown)
	n, m := float64(len(known)), float64(len(unknown))
	z := (u - n*m/2) / math.Sqrt(n*m*(n+m+1)/12)
	return result{Known: summarise(known), Unknown: summarise(unknown), P: math.Erfc(math.Abs(z) / math.Sqrt2), Larger: u / (n * m)}
}

func summarise(times []time.Duration) summary {
	sorted := slices.Sorted(slices.Values(times))
	at := func(q float64) float64 {
		return float64(sorted[int(q*float64(len(sorted)-1))]) / float64(time.Millisecond)
	}
	return summary{Samples: len(times), P10: at(0.1), Median: at(0.5), P90: at(0.9)}
}

// rankSum is the statistic U of a: how many pairs there are in which a's time is the
// larger one, ties counting half.
func rankSum(a, b []time.Duration) float64 {
	type sample struct {
		time  time.Duration
		first bool
	}
	var all []sample
	for _, t := range a {
		all = append(all, sample{t, true})
	}
	for _, t := range b {
		all = append(all, sample{t, false})
	}
	slices.SortFunc(all, func(x, y sample) int { return cmp.Compare(x.time, y.time) })
	ranks := 0.0
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].time == all[i].time {
			j++
		}
		middle := float64(i+j+1) / 2 // ranks begin with 1
		for _, s := range all[i:j] {
			if s.first {
				ranks += middle
			}
		}
		i = j
	}
	n := float64(len(a))
	return ranks - n*(n+1)/2
}

// String is the result for people.
func (r result) String() string {
	line := func(name string, s summary) string {
		return fmt.Sprintf("%-8s %5d tries   p10 %7.2f ms   median %7.2f ms   p90 %7.2f ms\n", name, s.Samples, s.P10, s.Median, s.P90)
	}
	return line("known", r.Known) + line("unknown", r.Unknown) +
		fmt.Sprintf("of two picked at random the known one took longer in %.1f %% (p = %.2f)\n", 100*r.Larger, r.P)
}
