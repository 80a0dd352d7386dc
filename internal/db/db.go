// Package db opens nod's database, SQLite by default and PostgreSQL for several
// nodes, and runs transactions on it. It owns connections, migrations, the change
// notifications between processes, leases and the table of values that may be
// used once. It knows no domain: which row means what is left to the rooms.
//
// Words: a write is one function run in a transaction that is durable when Write
// returns. A topic is a short string that writes announce and readers wait for.
//
// Both engines run with read-committed assumptions: whoever changes a row states
// what he expects of it in the WHERE of his UPDATE and looks at the number of rows.
package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/nod-idp/nod/internal/trace"
	"github.com/nod-idp/nod/internal/turn"
)

// Engine names the database engine behind a DB.
type Engine string

// The engines nod runs on.
const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// ErrNotFound is returned by Get when no row matched.
var ErrNotFound = errors.New("no such row")

// DB is an open database. Its methods are safe for concurrent use.
type DB struct {
	engine Engine
	path   string // of SQLite's file
	pool   *sqlx.DB
	reads  runner
	writer writer
	bus    *bus
	watch  *watcher
	leases leases
	stop   context.CancelFunc
	done   chan struct{} // closed when the watcher has returned
}

// writer runs one function in a transaction and returns when it is durable.
type writer interface {
	write(ctx context.Context, fn func(*Tx) error) error
	close() error
}

// Engine says which engine the database runs on.
func (d *DB) Engine() Engine { return d.engine }

// Close waits for writes under way, then closes every connection. On SQLite the
// write-ahead log is folded into the file.
func (d *DB) Close() error {
	d.stop()
	<-d.done
	d.bus.close()
	return d.disconnect()
}

// Get reads one row into dest. It returns ErrNotFound when there is none.
func (d *DB) Get(ctx context.Context, dest any, query string, args ...any) error {
	count(ctx)
	return judged(notFound(d.reads.GetContext(ctx, dest, d.engine.rewrite(query), args...)))
}

// Select reads all rows into the slice that dest points to.
func (d *DB) Select(ctx context.Context, dest any, query string, args ...any) error {
	count(ctx)
	return judged(d.reads.SelectContext(ctx, dest, d.engine.rewrite(query), args...))
}

// Write runs fn in a transaction and returns once the result is durable. What fn
// returns as an error rolls everything back. fn may run more than once when the
// engine reports a conflict, and holds up other writers while it runs: it does
// nothing but statements on tx, no network, no slow hash, no second connection.
func (d *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	defer turn.Rest(ctx)() // others compute while this waits for its commit
	span := trace.Start(ctx, trace.Client, "database write")
	err := d.writer.write(ctx, guarded(ctx, fn))
	span.End(err != nil)
	return judged(err)
}

// Ping reports whether the database answers and can be written to.
func (d *DB) Ping(ctx context.Context) error {
	return d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec("UPDATE versions SET version = version WHERE name = $1", "policy")
		return err
	})
}

// Skew returns how far the clock of the database is ahead of now. On SQLite both
// are the same clock and the answer is 0.
func (d *DB) Skew(ctx context.Context, now time.Time) (time.Duration, error) {
	if d.engine == SQLite {
		return 0, nil
	}
	var ms int64
	err := d.reads.GetContext(ctx, &ms, "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")
	return time.UnixMilli(ms).Sub(now), err
}

func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
