package metrics

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/disk"
	"github.com/nod-idp/nod/internal/metric"
	"github.com/nod-idp/nod/internal/outbox"
	"github.com/nod-idp/nod/internal/trace"
)

// Rooms are asked for figures whenever somebody reads them.
type Rooms struct {
	Version, Revision, Go string

	DB      *db.DB
	Hasher  *password.Hasher
	Outbox  *outbox.Outbox
	Audit   *audit.Sealer
	Keys    *keys.Ring
	Now     func() time.Time
	Streams func() int                   // event streams that are open
	Fault   func(context.Context) string // why no requests should be sent here, "" if they should
	Tracer  *trace.Tracer                // nil: nothing is traced
	Ballast *disk.Ballast                // nil: no file takes room
	// Backup tells of when the last backup is, zero if there was none. nil means that
	// nobody knows.
	Backup func(context.Context) (time.Time, error)
}

// Ask adds the figures of the rooms.
func (m *Metrics) Ask(r Rooms) *Page {
	p := &Page{metrics: m, rooms: r}
	m.rooms(r, p)
	return p
}

func (m *Metrics) rooms(r Rooms, p *Page) {
	g := m.registry
	g.Gauges("nod_build_info", "Which nod this is; always 1.", []string{"version", "revision", "go"},
		func(set metric.Set) { set(1, r.Version, r.Revision, r.Go) })
	g.Gauge("nod_ready", "Whether requests should be sent here, as /readyz says.", func() float64 { return truth(p.seen.ready) })
	g.Gauge("nod_streams_open", "Event streams that are open: waiting pages and devices.", func() float64 { return float64(r.Streams()) })

	g.Gauges("nod_requests_waiting", "Requests that wait for their turn, by door: pages or applications.", []string{"door"}, func(set metric.Set) {
		for _, door := range slices.Sorted(maps.Keys(m.crowds)) {
			set(float64(m.crowds[door]()), door)
		}
	})
	g.CounterOf("nod_spans_dropped_total", "Spans that did not reach the OpenTelemetry collector.", func() float64 { return float64(r.Tracer.Dropped()) })
	g.Gauge("nod_hashes_running", "Password hashes that are being computed.", func() float64 { return float64(r.Hasher.Load().Running) })
	g.Gauge("nod_hashes_waiting", "Sign-ins that wait for their turn to be hashed.", func() float64 { return float64(r.Hasher.Load().Waiting) })
	g.Gauge("nod_hashes_room", "How many sign-ins may wait for their turn.", func() float64 { return float64(r.Hasher.Load().Room) })
	g.CounterOf("nod_hashes_total", "Password hashes begun.", func() float64 { return float64(r.Hasher.Load().Hashes) })
	g.CounterOf("nod_hashes_shed_total", "Sign-ins turned away since too many waited.", func() float64 { return float64(r.Hasher.Load().Shed) })

	g.Gauge("nod_database_queued_writes", "Writes that wait for their transaction; always 0 on PostgreSQL, see the waits for a connection.",
		func() float64 { return float64(r.DB.Stats().Queued) })
	g.Gauges("nod_database_connections", "Connections for reading, on PostgreSQL for writing too: open, in_use and how many there may be (most).", []string{"state"},
		func(set metric.Set) {
			s := r.DB.Stats()
			set(float64(s.Open), "open")
			set(float64(s.InUse), "in_use")
			set(float64(s.Most), "most")
		})
	g.CounterOf("nod_database_connection_waits_total", "Times that somebody waited for a connection.", func() float64 { return float64(r.DB.Stats().Waits) })
	g.CounterOf("nod_database_connection_wait_seconds_total", "How long all of them waited.", func() float64 { return r.DB.Stats().WaitedFor.Seconds() })
	g.Gauges("nod_ballast_bytes", "Room that is kept in reserve beside SQLite's file; 0 when the disk is full. Left out on PostgreSQL.", []string{},
		func(set metric.Set) {
			if r.Ballast != nil {
				set(float64(r.Ballast.Held()))
			}
		})
	g.Gauges("nod_lease_held", "Whether this node has the lease of a job. The sum over all nodes is at most 1.", []string{"job"},
		func(set metric.Set) {
			for name, until := range r.DB.Held() {
				set(truth(r.Now().Before(until)), name)
			}
		})

	// What follows was read from the database just before. Without an answer it is left out.
	of := func(name, help string, value func(seen) float64) {
		g.Gauges(name, help, []string{}, func(set metric.Set) {
			if p.seen.answered {
				set(value(p.seen))
			}
		})
	}
	g.Gauge("nod_database_up", "Whether the database answered when these figures were read.", func() float64 { return truth(p.seen.answered) })
	of("nod_outbox_waiting", "Messages that wait to be delivered.", func(s seen) float64 { return float64(s.outbox.Waiting) })
	of("nod_outbox_oldest_seconds", "How long the oldest message has waited, 0 if none waits.", func(s seen) float64 { return age(s.at, s.outbox.Oldest) })
	of("nod_outbox_dead", "Messages given up within a week and not tried again.", func(s seen) float64 { return float64(s.outbox.Dead) })
	of("nod_audit_unsealed_seconds", "How long the oldest entry of the audit log has waited to be chained, 0 if all are.", func(s seen) float64 { return age(s.at, s.unsealed) })
	g.Gauges("nod_signing_key_age_seconds", "Age of the key that signs, by algorithm.", []string{"algorithm"}, func(set metric.Set) { p.seen.keys(set, keys.Active) })
	g.Gauges("nod_signing_key_next_age_seconds", "Age of the key that is published to sign next, by algorithm; left out where there is none.", []string{"algorithm"}, func(set metric.Set) { p.seen.keys(set, keys.Next) })
	of("nod_backup_timestamp_seconds", "Of when the last backup is that nod took, in seconds since 1970; 0 if there was none.", func(s seen) float64 { return unix(s.backup) })
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// age is how long ago a moment was in seconds, 0 for none.
func age(now, then time.Time) float64 {
	if then.IsZero() {
		return 0
	}
	return max(0, now.Sub(then).Seconds())
}

func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
