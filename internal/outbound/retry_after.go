package outbound

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// RetryAfter reads the header (RFC 9110, section 10.2.3): seconds or a date. Without
// a usable one it returns the zero time.
func RetryAfter(header string, now time.Time) time.Time {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	at, err := http.ParseTime(header)
	if err != nil {
		return time.Time{}
	}
	return at
}

// AnswerError tells that a server did not take what it was sent.
type AnswerError struct {
	Host   string
	Status int
	Until  time.Time // when it wants to be asked again, zero if it did not say
}

// Error says what was answered.
func (e *AnswerError) Error() string { return fmt.Sprintf("%s answered %d", e.Host, e.Status) }

// NotBefore is when trying again may help, zero if the server did not say.
func (e *AnswerError) NotBefore() time.Time { return e.Until }

// refused makes an error of an answer that was not a success.
func refused(res *http.Response, now time.Time) *AnswerError {
	return &AnswerError{Host: res.Request.URL.Host, Status: res.StatusCode, Until: RetryAfter(res.Header.Get("Retry-After"), now)}
}
