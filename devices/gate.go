package devices

import (
	"sync"
	"time"
)

// gate bounds how many refusals of one kind reach the audit log, so that nobody
// can fill it: one per minute for each device, and gateWidth in all.
type gate struct {
	mu     sync.Mutex
	minute int64
	passed map[string]bool
}

const gateWidth = 100

func (g *gate) admits(id string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if minute := now.Unix() / 60; minute != g.minute || g.passed == nil {
		g.minute, g.passed = minute, map[string]bool{}
	}
	if g.passed[id] || len(g.passed) >= gateWidth {
		return false
	}
	g.passed[id] = true
	return true
}
