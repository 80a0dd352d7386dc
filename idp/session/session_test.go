package session_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/random"
)

// world is a database with two people, Alice and Bob, and a clock that is set.
type world struct {
	*session.Sessions
	t   *testing.T
	mu  sync.Mutex
	now time.Time
}

func each(t *testing.T, story func(t *testing.T, w *world)) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := &world{t: t, now: time.Unix(1_800_000_000, 0)}
		w.Sessions = &session.Sessions{DB: d, Epoch: 1, Now: w.clock}
		t.Cleanup(w.Wait)
		for _, name := range []string{"alice", "bob"} {
			w.write(func(tx *db.Tx) error {
				_, err := tx.Exec(`INSERT INTO users (id, name, name_key, state, created_at, updated_at)
					VALUES ($1, $1, $1, 'active', 0, 0)`, name)
				return err
			})
		}
		story(t, w)
	})
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.Wait() // signs of life are noted with the time they were seen
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) write(fn func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.DB.Write(w.t.Context(), fn); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) start(n session.New) (s session.Session, token string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) (err error) {
		s, token, err = w.StartTx(tx, n)
		return err
	})
	return s, token
}

func (w *world) found(token string) bool {
	w.t.Helper()
	_, err := w.Find(w.t.Context(), token)
	if err != nil && !errors.Is(err, session.ErrNone) {
		w.t.Fatal(err)
	}
	return err == nil
}

func (w *world) audited(action string) (n int) {
	w.t.Helper()
	if err := w.DB.Get(w.t.Context(), &n, "SELECT count(*) FROM audit WHERE action = $1", action); err != nil {
		w.t.Fatal(err)
	}
	return n
}

func TestASessionIsFoundByItsTokenWithWhatItWasMadeFrom(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		proof := evidence.Evidence{PasswordAt: w.now.UTC(), FactorAt: w.now.UTC(), Factor: []string{"otp"}, Challenge: "chl_1"}
		began, token := w.start(session.New{UserID: "alice", Evidence: proof, Challenge: "chl_1", IP: "192.0.2.1", UserAgent: "a browser"})
		got, err := w.Find(t.Context(), token)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != began.ID || got.SID != began.ID || got.UserID != "alice" || got.IP != "192.0.2.1" || got.Challenge != "chl_1" {
			t.Errorf("got %+v, want %+v", got, began)
		}
		if got.Evidence.ACR() != evidence.ACRMFA || !got.Evidence.AuthTime().Equal(w.now) {
			t.Errorf("got evidence %+v", got.Evidence)
		}
		if !got.ExpiresAt.Equal(w.now.Add(24 * time.Hour)) {
			t.Errorf("got expiry %v", got.ExpiresAt)
		}
		if w.audited("session.started") != 1 {
			t.Error("the start left no entry")
		}
	})
}

func TestASessionThatIsNotThereIsNotFound(t *testing.T) {
	for name, spoil := range map[string]func(w *world, s session.Session, token string) string{
		"an unknown token":                   func(*world, session.Session, string) string { return random.Token("nos") },
		"no token":                           func(*world, session.Session, string) string { return "" },
		"a shortened token":                  func(_ *world, _ session.Session, token string) string { return token[:len(token)-1] },
		"a lengthened token":                 func(_ *world, _ session.Session, token string) string { return token + "A" },
		"the id instead of the token":        func(_ *world, s session.Session, _ string) string { return s.ID },
		"idle for an hour":                   func(w *world, _ session.Session, token string) string { w.pass(time.Hour); return token },
		"signed in a day ago":                func(w *world, _ session.Session, token string) string { w.keepAlive(token); return token },
		"ended":                              func(w *world, s session.Session, token string) string { w.end(s.ID); return token },
		"ended with all others":              func(w *world, _ session.Session, token string) string { w.endAll("alice", ""); return token },
		"issued before a restore":            func(w *world, _ session.Session, token string) string { w.Epoch++; return token },
		"of a person who is disabled":        func(w *world, _ session.Session, token string) string { w.disable("alice"); return token },
		"given another token":                func(w *world, s session.Session, token string) string { w.rotate(s.ID); return token },
		"a browser's token, not a session's": func(w *world, _ session.Session, _ string) string { return w.remember("alice", "") },
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				s, token := w.start(session.New{UserID: "alice"})
				if !w.found(token) {
					t.Fatal("the fresh session was not found")
				}
				if w.found(spoil(w, s, token)) {
					t.Error("the session was found")
				}
			})
		})
	}
}

// keepAlive lets a day pass with a sign of life every half hour.
func (w *world) keepAlive(token string) {
	w.t.Helper()
	for range 47 {
		w.pass(30 * time.Minute)
		if !w.found(token) {
			w.t.Fatal("a session in use was lost")
		}
	}
	w.pass(30 * time.Minute)
}

func (w *world) end(id string) {
	w.t.Helper()
	if _, err := w.End(w.t.Context(), id, session.LoggedOut); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) endAll(user, except string) []session.Session {
	w.t.Helper()
	ended, err := w.EndAll(w.t.Context(), user, except, "sign out everywhere")
	if err != nil {
		w.t.Fatal(err)
	}
	return ended
}

func (w *world) disable(user string) {
	w.write(func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE users SET state = 'disabled' WHERE id = $1", user)
		return err
	})
}

func (w *world) rotate(id string) (token string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) (err error) {
		token, err = w.RotateTokenTx(tx, id)
		return err
	})
	return token
}

func TestARotatedTokenStandsForTheSameSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, _ := w.start(session.New{UserID: "alice"})
		got, err := w.Find(t.Context(), w.rotate(s.ID))
		if err != nil || got.ID != s.ID {
			t.Errorf("got %s, %v, want %s", got.ID, err, s.ID)
		}
		w.end(s.ID)
		err = w.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := w.RotateTokenTx(tx, s.ID)
			return err
		})
		if !errors.Is(err, session.ErrNone) {
			t.Errorf("an ended session got a token: %v", err)
		}
	})
}

func TestAuthenticatingAgainMakesANewSessionWithTheSameSID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, old := w.start(session.New{UserID: "alice"})
		second, token := w.start(session.New{UserID: "alice", Replaces: first.ID})
		if second.ID == first.ID || token == old {
			t.Error("the session kept its id or its token")
		}
		if second.SID != first.SID {
			t.Errorf("got sid %s, want %s", second.SID, first.SID)
		}
		if w.found(old) || !w.found(token) {
			t.Errorf("old found: %v, new found: %v", w.found(old), w.found(token))
		}
		w.write(func(tx *db.Tx) error { return w.HoldTx(tx, first.SID) })
	})
}

func TestAnotherPersonInTheSameBrowserInheritsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		alice, old := w.start(session.New{UserID: "alice"})
		bob, _ := w.start(session.New{UserID: "bob", Replaces: alice.ID})
		if bob.SID == alice.SID {
			t.Error("Bob has Alice's sid")
		}
		if w.found(old) {
			t.Error("Alice's session goes on")
		}
	})
}

func TestAnExpiredSessionPassesOnNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, _ := w.start(session.New{UserID: "alice"})
		w.pass(2 * time.Hour)
		second, _ := w.start(session.New{UserID: "alice", Replaces: first.ID})
		if second.SID == first.SID {
			t.Error("the sid came back from an idle session")
		}
		third, _ := w.start(session.New{UserID: "alice", Replaces: first.ID})
		if third.SID == first.SID {
			t.Error("the sid came back from an ended session")
		}
	})
}

func TestOneChallengeMakesOneSession(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var wg sync.WaitGroup
		results := make([]error, 8)
		for i := range results {
			wg.Go(func() {
				results[i] = w.DB.Write(t.Context(), func(tx *db.Tx) error {
					_, _, err := w.StartTx(tx, session.New{UserID: "alice", Challenge: "chl_1"})
					return err
				})
			})
		}
		wg.Wait()
		made := 0
		for _, err := range results {
			if err == nil {
				made++
			} else if !errors.Is(err, session.ErrChallengeUsed) {
				t.Error(err)
			}
		}
		if all, _ := w.List(t.Context(), "alice"); made != 1 || len(all) != 1 {
			t.Errorf("got %d successes and %d sessions, want one", made, len(all))
		}
	})
}

func TestSignsOfLifeAreNotedOnceAMinute(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, token := w.start(session.New{UserID: "alice"})
		began := w.clock()
		seen := func() time.Duration {
			w.Wait()
			s, err := w.Find(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			return s.SeenAt.Sub(began)
		}
		w.pass(59 * time.Second)
		if w.found(token); seen() != 0 {
			t.Error("noted within the minute")
		}
		w.pass(time.Second)
		if w.found(token); seen() != time.Minute {
			t.Errorf("got %v, want a minute", seen())
		}
	})
}

func TestEndingAllSparesTheExceptionAndOtherPeople(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		here, token := w.start(session.New{UserID: "alice"})
		_, elsewhere := w.start(session.New{UserID: "alice"})
		_, bobs := w.start(session.New{UserID: "bob"})
		if ended := w.endAll("alice", here.ID); len(ended) != 1 {
			t.Errorf("got %d ended, want 1", len(ended))
		}
		if !w.found(token) || w.found(elsewhere) || !w.found(bobs) {
			t.Errorf("here %v, elsewhere %v, Bob's %v", w.found(token), w.found(elsewhere), w.found(bobs))
		}
		if w.audited("session.ended") != 1 {
			t.Errorf("got %d entries, want 1", w.audited("session.ended"))
		}
		if _, err := w.End(t.Context(), "ses_none", "x"); !errors.Is(err, session.ErrNone) {
			t.Errorf("ending nothing: got %v", err)
		}
	})
}

func TestASessionThatIsHeldCannotEndMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, _ := w.start(session.New{UserID: "alice"})
		held, ended := make(chan struct{}), make(chan error, 1)
		var endedFirst bool
		go func() {
			<-held
			_, err := w.End(t.Context(), s.ID, session.LoggedOut)
			ended <- err
		}()
		w.write(func(tx *db.Tx) error {
			if err := w.HoldTx(tx, s.SID); err != nil {
				return err
			}
			close(held)
			select {
			case <-ended:
				endedFirst = true
			case <-time.After(50 * time.Millisecond): // long enough for a mistake to show
			}
			return nil
		})
		if endedFirst {
			t.Fatal("the session ended while it was held")
		}
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		err := w.DB.Write(t.Context(), func(tx *db.Tx) error { return w.HoldTx(tx, s.SID) })
		if !errors.Is(err, session.ErrNone) {
			t.Errorf("holding an ended session: got %v", err)
		}
	})
}

func TestSweepDeletesWhatIsOverAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.start(session.New{UserID: "alice"})
		w.remember("alice", "")
		w.pass(25 * time.Hour)
		_, token := w.start(session.New{UserID: "alice"})
		if n, err := w.Sweep(t.Context(), 100); n != 1 || err != nil {
			t.Errorf("got %d, %v, want 1", n, err)
		}
		if !w.found(token) {
			t.Error("a live session was swept")
		}
		w.pass(181 * 24 * time.Hour)
		if n, err := w.Sweep(t.Context(), 100); n != 2 || err != nil {
			t.Errorf("got %d, %v, want 2", n, err)
		}
	})
}
