package session_test

import (
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/session"
)

// However a clock jumps while people are about, a session ends at the moment that was fixed
// when it began.
func TestAClockThatIsSetBackProlongsNoSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, token := w.start(session.New{UserID: "alice"})
		for _, jump := range []time.Duration{10 * time.Minute, -time.Hour, 50 * time.Minute, -10 * time.Minute, 10 * time.Minute} {
			w.pass(jump)
			if !w.found(token) {
				t.Fatalf("after a jump of %s the session is gone", jump)
			}
			w.Wait() // its sign of life is noted
		}
		found, err := w.Find(t.Context(), token)
		if err != nil || !found.ExpiresAt.Equal(s.ExpiresAt) {
			t.Fatalf("got %v, %v, want an end at %v", found.ExpiresAt, err, s.ExpiresAt)
		}
		for w.clock().Before(s.ExpiresAt) { // somebody is there all the time
			w.found(token)
			w.Wait()
			w.pass(50 * time.Minute)
		}
		if w.found(token) {
			t.Error("the session outlived its absolute end")
		}
	})
}
