package main

import (
	"math/rand/v2"
	"testing"
	"time"
)

func times(n int, mean time.Duration, r *rand.Rand) (all []time.Duration) {
	for range n {
		all = append(all, mean+time.Duration(r.NormFloat64()*float64(time.Millisecond)))
	}
	return all
}

func TestADifferenceIsFoundAndNoneIsNotMadeUp(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	same := compare(times(1000, 30*time.Millisecond, r), times(1000, 30*time.Millisecond, r))
	if same.P < 0.01 || same.Larger < 0.46 || same.Larger > 0.54 {
		t.Errorf("equal times: got p = %f and %f", same.P, same.Larger)
	}
	differ := compare(times(1000, 31*time.Millisecond, r), times(1000, 30*time.Millisecond, r))
	if differ.P > 1e-6 || differ.Larger < 0.7 {
		t.Errorf("one millisecond more: got p = %g and %f", differ.P, differ.Larger)
	}
	if tied := compare(make([]time.Duration, 10), make([]time.Duration, 10)); tied.Larger != 0.5 {
		t.Errorf("ties: got %f, want 0.5", tied.Larger)
	}
}

func TestAFewTriesRunThrough(t *testing.T) {
	if err := run(t.Context(), 2, true); err != nil {
		t.Fatal(err)
	}
}
