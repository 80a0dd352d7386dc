package db

import (
	"strings"
	"sync"
)

// bus wakes those who wait for a topic. A wake-up carries nothing: whoever is
// woken reads the row. Wake-ups that come faster than they are taken melt into one.
type bus struct {
	mu     sync.Mutex
	waits  map[string]map[*Subscription]struct{}
	closed bool
}

// Subscription waits for topics. Close it when done.
type Subscription struct {
	// C receives when one of the topics was announced, and is closed with the database.
	C      chan struct{}
	bus    *bus
	topics []string
	sure   bool // somebody else looks after what was not announced
}

func newBus() *bus { return &bus{waits: map[string]map[*Subscription]struct{}{}} }

// Subscribe waits for topics. A write that commits after Subscribe returned is
// never missed; what was committed before has to be read from the row.
func (d *DB) Subscribe(topics ...string) *Subscription { return d.bus.subscribe(topics, false) }

// Hear is Subscribe without the wake-ups that come when something may have changed that
// nobody announced: for the many whom one that subscribed wakes by Wake.
func (d *DB) Hear(topics ...string) *Subscription { return d.bus.subscribe(topics, true) }

// Wake wakes those in this process who wait for one of the topics.
func (d *DB) Wake(topics ...string) { d.bus.wake(topics) }

// Awaited returns the topics with this prefix that somebody in this process waits for.
func (d *DB) Awaited(prefix string) (topics []string) {
	d.bus.mu.Lock()
	defer d.bus.mu.Unlock()
	for t := range d.bus.waits {
		if strings.HasPrefix(t, prefix) {
			topics = append(topics, t)
		}
	}
	return topics
}

// Certain reports whether no wake-up can be lost. On SQLite what this process wrote is
// announced within it, and what others wrote is noticed within 250 ms. On PostgreSQL a
// connection may be dead for seconds before that is known.
func (d *DB) Certain() bool { return d.engine == SQLite }

func (b *bus) subscribe(topics []string, sure bool) *Subscription {
	s := &Subscription{C: make(chan struct{}, 1), bus: b, topics: topics, sure: sure}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		close(s.C)
		return s
	}
	for _, t := range topics {
		if b.waits[t] == nil {
			b.waits[t] = map[*Subscription]struct{}{}
		}
		b.waits[t][s] = struct{}{}
	}
	return s
}

// Close ends the subscription.
func (s *Subscription) Close() {
	s.bus.mu.Lock()
	defer s.bus.mu.Unlock()
	for _, t := range s.topics {
		delete(s.bus.waits[t], s)
		if len(s.bus.waits[t]) == 0 {
			delete(s.bus.waits, t)
		}
	}
}

func (b *bus) wake(topics []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for _, t := range topics {
		for s := range b.waits[t] {
			s.nudge()
		}
	}
}

// wakeAll wakes everyone but those who only hear: somebody else wrote, and it is not known
// what.
func (b *bus) wakeAll() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for _, waiting := range b.waits {
		for s := range waiting {
			if !s.sure {
				s.nudge()
			}
		}
	}
}

func (s *Subscription) nudge() {
	select {
	case s.C <- struct{}{}:
	default:
	}
}

func (b *bus) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	b.closed = true
	closed := map[*Subscription]bool{}
	for _, waiting := range b.waits {
		for s := range waiting {
			if !closed[s] {
				closed[s] = true
				close(s.C)
			}
		}
	}
}
