package db

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"time"

	"github.com/jmoiron/sqlx"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// oldestSQLite is the first release without the WAL-reset fault that can corrupt
// a database (3.7.0 to 3.51.2).
const oldestSQLite = 3_051_003

// sqliteDSN is how the driver is told to open the file.
func sqliteDSN(path string, extra url.Values) string {
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(ON)",
		"temp_store(MEMORY)",
	}}
	for k, v := range extra {
		q[k] = append(q[k], v...)
	}
	return (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: q.Encode()}).String()
}

func openSQLite(ctx context.Context, path string) (*DB, func(context.Context), error) {
	writes, err := sqlx.Open("sqlite", sqliteDSN(path, url.Values{"_txlock": {"immediate"}}))
	if err != nil {
		return nil, nil, err
	}
	writes.SetMaxOpenConns(1)
	if err := checkSQLite(ctx, writes); err != nil {
		return nil, nil, errors.Join(err, writes.Close())
	}
	conn, err := writes.Connx(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, writes.Close())
	}
	reads, err := sqlx.Open("sqlite", sqliteDSN(path, url.Values{"_pragma": {"query_only(ON)"}}))
	if err != nil {
		return nil, nil, errors.Join(err, conn.Close(), writes.Close())
	}
	conns := max(4, 2*runtime.GOMAXPROCS(0))
	reads.SetMaxOpenConns(conns)
	reads.SetMaxIdleConns(conns)
	w := newGroupWriter(writes, conn)
	d := &DB{engine: SQLite, path: path, pool: reads, reads: newStatements(reads.PreparexContext), writer: w, bus: newBus(), watch: w.watch}
	w.committed = d.bus.wake
	return d, func(ctx context.Context) { d.watchFile(ctx, w) }, nil
}

// checkSQLite reads back what the pragmas asked for: a file system that cannot
// hold a write-ahead log answers with another mode instead of an error.
func checkSQLite(ctx context.Context, c *sqlx.DB) error {
	var journal, version string
	var synchronous, number int
	if err := c.GetContext(ctx, &journal, "PRAGMA journal_mode"); err != nil {
		return err
	}
	if err := c.GetContext(ctx, &synchronous, "PRAGMA synchronous"); err != nil {
		return err
	}
	if err := c.GetContext(ctx, &version, "SELECT sqlite_version()"); err != nil {
		return err
	}
	var major, minor, patch int
	if _, err := fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return fmt.Errorf("read SQLite's version %q: %w", version, err)
	}
	number = major*1_000_000 + minor*1_000 + patch
	switch {
	case journal != "wal":
		return fmt.Errorf("the journal mode is %q, not wal: is the data directory on a network file system?", journal)
	case synchronous != 2:
		return fmt.Errorf("synchronous is %d, not 2 (FULL)", synchronous)
	case number < oldestSQLite:
		return fmt.Errorf("SQLite %s can corrupt a database; 3.51.3 or newer is needed", version)
	}
	return nil
}

// watchFile notices what other processes commit to the file, such as the verbs of
// the command line. The pragma is asked on the writer's own connection, where it
// changes only for commits that were not ours.
func (d *DB) watchFile(ctx context.Context, w *groupWriter) {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	last := int64(-1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		version, err := w.dataVersion(ctx)
		if err != nil {
			continue // the next tick asks again; the rows stay the truth
		}
		// The first look wakes everyone too: what was cached before it may be old.
		if version != last {
			d.bus.wakeAll()
		}
		last = version
	}
}
