package push

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Time{
		"0":                              now,
		"120":                            now.Add(2 * time.Minute),
		now.Format(http.TimeFormat):      now,
		"Friday, 02-Jan-26 03:04:05 GMT": now, // RFC 850, which is still to be read
		"":                               {},
		"-1":                             {},
		"1.5":                            {},
		"soon":                           {},
		"99999999999":                    {},
	} {
		if got := retryAfter(header, now); !got.Equal(want) {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Fri, 02 Jan 2026 03:04:05 GMT")
	now := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, header string) {
		p := &peer{}
		if got := p.leave(Result{Outcome: Throttled, Status: 429, Until: retryAfter(header, now)}, now); got.Until.Before(now) || got.Until.After(now.Add(2*longestPause)) {
			t.Errorf("%q: got a pause until %s", header, got.Until)
		}
	})
}
