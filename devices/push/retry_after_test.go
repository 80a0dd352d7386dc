package push

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
)

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Fri, 02 Jan 2026 03:04:05 GMT")
	now := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, header string) {
		p := &peer{}
		if got := p.leave(Result{Outcome: Throttled, Status: 429, Until: outbound.RetryAfter(header, now)}, now); got.Until.Before(now) || got.Until.After(now.Add(2*longestPause)) {
			t.Errorf("%q: got a pause until %s", header, got.Until)
		}
	})
}
