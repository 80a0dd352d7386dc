package session_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
)

// ends collects who was told of which session.
type ends struct {
	mu   sync.Mutex
	told map[string][]string // clients by sid
}

func (w *world) listen() *ends {
	e := &ends{told: map[string][]string{}}
	w.OnEnd = func(_ *db.Tx, ended session.Session, clients []string) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		slices.Sort(clients)
		e.told[ended.SID] = append(e.told[ended.SID], clients...)
		return nil
	}
	return e
}

func (w *world) join(sid string, clients ...string) {
	w.t.Helper()
	w.write(func(tx *db.Tx) error {
		for _, c := range clients {
			if err := w.JoinTx(tx, sid, c); err != nil {
				return err
			}
		}
		return nil
	})
}

func (w *world) left(sid string) []string {
	w.t.Helper()
	clients, err := w.Left(w.t.Context(), sid)
	if err != nil {
		w.t.Fatal(err)
	}
	return clients
}

func TestTheClientsOfASessionAreToldOnceWhenItEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, s session.Session){
		"alone":           func(w *world, s session.Session) { w.end(s.ID) },
		"with all others": func(w *world, s session.Session) { w.endAll(s.UserID, "") },
		"since somebody else signs in": func(w *world, s session.Session) {
			w.start(session.New{UserID: "bob", Replaces: s.ID})
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				e := w.listen()
				s, _ := w.start(session.New{UserID: "alice"})
				elsewhere, _ := w.start(session.New{UserID: "alice"})
				w.join(s.SID, "mail", "wiki", "mail")
				w.start(session.New{UserID: "alice"}) // nobody takes part in it
				if len(w.left(s.SID)) != 0 {
					t.Error("they left a session that goes on")
				}
				end(w, s)
				w.endAll("alice", "")
				if want := []string{"mail", "wiki"}; len(e.told) != 1 || !slices.Equal(e.told[s.SID], want) || !slices.Equal(w.left(s.SID), want) {
					t.Errorf("told %v, left %v", e.told, w.left(s.SID))
				}
				if len(w.left(elsewhere.SID)) != 0 {
					t.Error("clients left a session that they took no part in")
				}
				w.pass(10 * time.Minute)
				if len(w.left(s.SID)) != 0 {
					t.Error("they are remembered for more than ten minutes")
				}
			})
		})
	}
}

func TestNobodyIsToldWhileTheSameSIDGoesOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.listen()
		first, _ := w.start(session.New{UserID: "alice"})
		w.join(first.SID, "mail")
		second, _ := w.start(session.New{UserID: "alice", Replaces: first.ID})
		if len(e.told) != 0 {
			t.Fatalf("told %v though the person signed in again", e.told)
		}
		w.join(second.SID, "wiki")
		w.end(second.ID)
		if !slices.Equal(e.told[first.SID], []string{"mail", "wiki"}) {
			t.Errorf("told %v", e.told)
		}
	})
}

func TestASessionDoesNotEndUnlessItsClientsAreTold(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s, token := w.start(session.New{UserID: "alice"})
		w.join(s.SID, "mail")
		broken := errors.New("the outbox is broken")
		w.OnEnd = func(*db.Tx, session.Session, []string) error { return broken }
		if _, err := w.End(t.Context(), s.ID, session.LoggedOut); !errors.Is(err, broken) || !w.found(token) {
			t.Errorf("got %v, found %v", err, w.found(token))
		}
	})
}

func TestManyEndOneSessionAndItsClientsAreToldOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.listen()
		s, _ := w.start(session.New{UserID: "alice"})
		w.join(s.SID, "mail")
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := w.End(t.Context(), s.ID, session.LoggedOut); err != nil && !errors.Is(err, session.ErrNone) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(e.told[s.SID]) != 1 {
			t.Errorf("told %v", e.told)
		}
	})
}

func TestTheClientsOfASessionAreSweptWithTheLastOfItsSID(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, _ := w.start(session.New{UserID: "alice"})
		w.join(first.SID, "mail")
		w.pass(30 * time.Minute)
		w.start(session.New{UserID: "alice", Replaces: first.ID})
		count := func() (n int) {
			w.pass(0)
			if _, err := w.Sweep(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
			if err := w.DB.Get(t.Context(), &n, "SELECT count(*) FROM session_clients"); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if w.pass(24 * time.Hour); count() != 1 {
			t.Error("swept while the sid goes on")
		}
		if w.pass(24 * time.Hour); count() != 0 {
			t.Error("it was not swept")
		}
	})
}
