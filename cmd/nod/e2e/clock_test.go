package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db/dbtest"
)

// "A node more than 2 s off the database's clock is not ready."
func TestANodeWhoseClockIsWrongIsNotReady(t *testing.T) {
	w := start(t, dbtest.PostgresURL(t))
	ready := func(want int, reason string) {
		t.Helper()
		var body string
		for range 300 { // the answer before is remembered for a second
			res, text := get(t, w.issuer+"/readyz")
			if body = text; res.StatusCode == want && strings.Contains(body, reason) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("got %s, want %d and %q", body, want, reason)
	}
	ready(200, "ready")
	w.skip(3 * time.Second)
	ready(503, "clock")
	w.skip(-6 * time.Second)
	ready(503, "clock")
	w.skip(3 * time.Second)
	ready(200, "ready")
}
