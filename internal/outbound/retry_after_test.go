package outbound_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/outbound"
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
		if got := outbound.RetryAfter(header, now); !got.Equal(want) {
			t.Errorf("%q: got %s, want %s", header, got, want)
		}
	}
}
