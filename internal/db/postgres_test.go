package db_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/internal/db/dbtest/chaos"
)

// write adds a row that can be added once.
func write(d *db.DB, name string) error {
	return d.Write(context.Background(), func(tx *db.Tx) error {
		_, err := tx.Exec("INSERT INTO versions (name, version) VALUES ($1, 1)", name)
		return err
	})
}

func rows(t *testing.T, d *db.DB, name string) (n int) {
	t.Helper()
	if err := d.Get(t.Context(), &n, "SELECT count(*) FROM versions WHERE name = $1", name); err != nil {
		t.Fatal(err)
	}
	return n
}

// far opens a database at the far end of a network that fails.
func far(t *testing.T) (*db.DB, *chaos.Network) {
	t.Helper()
	network, address := chaos.Start(t, dbtest.PostgresURL(t))
	d := mustOpen(t, address)
	return d, network
}

func TestACommitWhoseAnswerIsLostIsLookedUp(t *testing.T) {
	t.Parallel() // it waits for the most part
	for _, fault := range []chaos.Fault{chaos.ResetBefore, chaos.ResetAfter, chaos.SilenceBefore, chaos.SilenceAfter, chaos.Pause} {
		t.Run(fault.String(), func(t *testing.T) {
			t.Parallel()
			d, network := far(t)
			network.Once(fault)
			began := time.Now()
			// The second attempt of a write that was stored would find its own row.
			if err := write(d, "row"); err != nil {
				t.Fatalf("got %v after %s", err, time.Since(began))
			}
			if network.Met()[fault] != 1 {
				t.Error("the fault was not met")
			}
			if n := rows(t, d, "row"); n != 1 {
				t.Errorf("got %d rows, want 1", n)
			}
			if err := write(d, "another"); err != nil {
				t.Errorf("the next write: %v", err)
			}
		})
	}
}

func TestManyWritesThroughACommitStorm(t *testing.T) {
	d, network := far(t)
	var mu sync.Mutex
	n := 0
	network.OnCommit(func() chaos.Fault {
		mu.Lock()
		defer mu.Unlock()
		n++
		return map[int]chaos.Fault{0: chaos.ResetBefore, 1: chaos.ResetAfter}[n%4]
	})
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			if err := write(d, fmt.Sprintf("row %d", i)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	network.OnCommit(nil)
	var got int
	if err := d.Get(t.Context(), &got, "SELECT count(*) FROM versions WHERE name LIKE 'row %'"); err != nil || got != 40 {
		t.Errorf("got %d rows, %v, want 40", got, err)
	}
}

func TestDeadConnectionsAreNobodysError(t *testing.T) {
	d, network := far(t)
	for i := range 10 {
		network.Sever()
		if n := rows(t, d, "nothing"); n != 0 {
			t.Errorf("got %d", n)
		}
		network.Sever()
		if err := write(d, fmt.Sprint(i)); err != nil {
			t.Error(err)
		}
	}
}

func TestADatabaseThatIsAwayIsSaidToBe(t *testing.T) {
	t.Parallel()
	d, network := far(t)
	network.Down(true)
	var n int
	if err := d.Get(t.Context(), &n, "SELECT 1"); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("read: got %v, want that it cannot be reached", err)
	}
	if err := write(d, "lost"); !errors.Is(err, db.ErrUnavailable) {
		t.Errorf("write: got %v, want that it cannot be reached", err)
	}
	time.AfterFunc(time.Second, func() { network.Down(false) })
	if err := write(d, "row"); err != nil {
		t.Errorf("a write that waited for a restart: %v", err)
	}
}

func TestAStandbyIsPassedOver(t *testing.T) {
	address := dbtest.PostgresURL(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("options", "-c default_transaction_read_only=on")
	u.RawQuery = q.Encode()
	if d, err := db.Open(t.Context(), u.String()); err == nil {
		t.Errorf("a server that takes no writes was opened, %v", d.Close())
	}
}

func TestAServerThatBecameAStandbyIsLeft(t *testing.T) {
	d, _ := far(t)
	// The sessions that are open become read-only, as after a demotion; new ones are not.
	err := d.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec("SET SESSION default_transaction_read_only = on")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := write(d, "row"); err != nil {
		t.Errorf("got %v, want another connection", err)
	}
}

func TestNewsIsHeardAfterTheListenerDied(t *testing.T) {
	address := dbtest.PostgresURL(t)
	ours, theirs := mustOpen(t, address), mustOpen(t, address)
	sub := ours.Subscribe("topic")
	defer sub.Close()
	announce := func() {
		if err := theirs.Write(t.Context(), func(tx *db.Tx) error { tx.Announce("topic"); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	wait := func(what string) {
		t.Helper()
		select {
		case <-sub.C:
		case <-time.After(2 * time.Second):
			t.Fatalf("%s: nothing was heard for 2 s", what)
		}
	}
	for deadline := time.Now().Add(5 * time.Second); ; { // until it listens
		announce()
		select {
		case <-sub.C:
		case <-time.After(50 * time.Millisecond):
			if time.Now().Before(deadline) {
				continue
			}
			t.Fatal("nothing was heard for 5 s")
		}
		break
	}
	err := theirs.Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE 'LISTEN%'`)
		tx.Announce("topic")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	wait("what was announced while nobody listened")
	for deadline := time.Now().Add(3 * time.Second); len(sub.C) > 0 && time.Now().Before(deadline); {
		<-sub.C
	}
	time.Sleep(600 * time.Millisecond)
	announce()
	wait("what was announced afterwards")
}
