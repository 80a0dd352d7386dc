package push

import (
	"net/http"
	"strconv"
	"time"
)

// retryAfter reads the header (RFC 9110, section 10.2.3): seconds or a date. Without
// a usable one it returns the zero time.
func retryAfter(header string, now time.Time) time.Time {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return time.Time{}
	}
	return at
}
