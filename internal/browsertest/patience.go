package browsertest

import (
	"testing"
	"time"
)

// Patience is how long anything in a browser may take before the test fails. A first
// push subscription has been seen to take 6 seconds on a busy machine.
const Patience = 45 * time.Second

// pause is the time between two looks at something that is waited for.
const pause = 10 * time.Millisecond

// Until looks again and again until there is something to find, and returns it. When
// patience runs out the test fails, saying what was waited for and whatever tell adds:
// the last lines of a console, the requests that were refused.
func Until[T any](t testing.TB, what string, look func() (T, bool), tell func() string) T {
	t.Helper()
	deadline := time.Now().Add(Patience)
	for {
		found, ok := look()
		if ok {
			return found
		}
		if time.Now().After(deadline) {
			more := ""
			if tell != nil {
				more = tell()
			}
			t.Fatalf("waited %v for %s\n%s", Patience, what, more)
		}
		time.Sleep(pause)
	}
}
