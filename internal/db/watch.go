package db

import (
	"sync"
	"sync/atomic"
	"time"
)

// Note is something that happened in a transaction, for those who count. It is told once
// the transaction is durable, and never if it was undone.
type Note struct {
	Name    string // of a bounded set: what the program calls it, nothing of a stranger's
	Outcome string
	Took    time.Duration // from its beginning, 0 where that says nothing
}

// Note notes what happened.
func (t *Tx) Note(n Note) { t.notes = append(t.notes, n) }

// Commit is one transaction of the engine, as those who count see it.
type Commit struct {
	Writes int           // how many writes shared it
	Took   time.Duration // from its first statement until it was durable, or had failed
	Err    error         // nothing of it was kept
	Notes  []Note
}

// Watch calls f after every transaction, on the goroutine that ran it. f is quick and does
// not call the database. A database has one watcher.
func (d *DB) Watch(f func(Commit)) { d.watch.Store(&f) }

// watcher is who is told of transactions, nobody at first.
type watcher struct {
	atomic.Pointer[func(Commit)]
}

func (w *watcher) tell(began time.Time, c Commit) {
	if f := w.Load(); f != nil {
		c.Took = time.Since(began)
		(*f)(c)
	}
}

// Stats is how busy a database is at a moment.
type Stats struct {
	Queued    int // writes that wait for their transaction; on PostgreSQL they wait for a connection
	Room      int // writes that may wait, 0 if that is not bounded
	Open      int // connections
	InUse     int // connections that run something
	Most      int // connections that there may be
	Waits     int64
	WaitedFor time.Duration // all Waits together
}

// Stats reads how busy the database is. It asks no connection.
func (d *DB) Stats() Stats {
	p := d.pool.Stats()
	s := Stats{Open: p.OpenConnections, InUse: p.InUse, Most: p.MaxOpenConnections, Waits: p.WaitCount, WaitedFor: p.WaitDuration}
	if w, ok := d.writer.(*groupWriter); ok {
		s.Queued, s.Room = len(w.jobs), cap(w.jobs)
	}
	return s
}

// leases are those that this process was given.
type leases struct{ until sync.Map } // name → time.Time

// Held returns which leases were given to this process, and until when.
func (d *DB) Held() map[string]time.Time {
	held := map[string]time.Time{}
	d.leases.until.Range(func(name, until any) bool {
		held[name.(string)] = until.(time.Time)
		return true
	})
	return held
}
