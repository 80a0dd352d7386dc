package polling

import (
	"testing"
	"time"
)

// RFC 8628, section 3.5: slow_down adds five seconds to this and all later intervals.
func TestEachPollThatComesTooEarlySlowsTheClientDownForGood(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	p := Pace{Interval: Interval}
	for i, step := range []struct {
		after    time.Duration
		hasty    bool
		interval time.Duration
	}{
		{0, false, 5 * time.Second},
		{5 * time.Second, false, 5 * time.Second},
		{4200 * time.Millisecond, false, 5 * time.Second},
		{time.Second, true, 10 * time.Second},
		{5 * time.Second, true, 15 * time.Second},
		{15 * time.Second, false, 15 * time.Second},
	} {
		at = at.Add(step.after)
		var hasty bool
		if p, hasty = p.Poll(at); hasty != step.hasty || p.Interval != step.interval {
			t.Errorf("poll %d: got hasty %v, interval %v", i, hasty, p.Interval)
		}
	}
}
