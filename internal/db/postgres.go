package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/jmoiron/sqlx"
)

const notifyChannel = "nod"

func openPostgres(ctx context.Context, url string) (*DB, func(context.Context), error) {
	pool, err := sqlx.ConnectContext(ctx, "pgx", url)
	if err != nil {
		return nil, nil, err
	}
	conns := max(8, 4*runtime.GOMAXPROCS(0))
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	d := &DB{engine: Postgres, pool: pool, reads: pool, bus: newBus()}
	d.writer = &pgWriter{db: pool, bus: d.bus}
	return d, func(ctx context.Context) { d.watchPostgres(ctx, url) }, nil
}

type pgWriter struct {
	db  *sqlx.DB
	bus *bus
}

// Retries of a transaction that PostgreSQL broke off because of another one.
const conflictRetries = 12

func (w *pgWriter) write(ctx context.Context, fn func(*Tx) error) error {
	for try := 0; ; try++ {
		err := w.once(ctx, fn)
		if !conflict(err) || try == conflictRetries {
			return err
		}
		pause := time.Duration(rand.Int64N(int64(2*time.Millisecond) << min(try, 6)))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (w *pgWriter) once(ctx context.Context, fn func(*Tx) error) (err error) {
	tx, err := w.db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = tx.Rollback() // already failing; the connection is dropped if it is broken
		}
	}()
	defer func() {
		if p := recover(); p != nil {
			_ = tx.Rollback()
			panic(p)
		}
	}()
	t := &Tx{engine: Postgres, ctx: ctx, run: tx}
	if err := fn(t); err != nil {
		return err
	}
	for _, topic := range t.topics {
		if _, err := tx.ExecContext(ctx, "SELECT pg_notify($1, $2)", notifyChannel, topic); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	w.bus.wake(t.topics)
	return nil
}

func (w *pgWriter) close() error { return nil } // the pool is closed with the readers

// conflict reports whether PostgreSQL undid a transaction that may simply be run
// again: serialization_failure or deadlock_detected.
func conflict(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "40001" || pg.Code == "40P01")
}

// watchPostgres listens for what other nodes announce. After every reconnect all
// are woken, since announcements made in between are lost, and once a second the
// version counters are compared in case the connection is dead without a sign.
func (d *DB) watchPostgres(ctx context.Context, url string) {
	polled := make(chan struct{})
	go func() {
		defer close(polled)
		d.pollVersions(ctx)
	}()
	for ctx.Err() == nil {
		if err := d.listen(ctx, url); err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(500 * time.Millisecond):
			}
		}
	}
	<-polled
}

func (d *DB) listen(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if _, err := conn.Exec(ctx, "LISTEN "+notifyChannel); err != nil {
		return err
	}
	d.bus.wakeAll()
	for {
		note, err := conn.WaitForNotification(ctx)
		if err != nil {
			return err
		}
		d.bus.wake([]string{note.Payload})
	}
}

func (d *DB) pollVersions(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	last := map[string]int64{}
	for {
		var rows []struct {
			Name    string
			Version int64
		}
		if err := d.Select(ctx, &rows, "SELECT name, version FROM versions"); err == nil {
			for _, r := range rows {
				if before, known := last[r.Name]; known && before != r.Version {
					d.bus.wake([]string{versionTopic(r.Name)})
				}
				last[r.Name] = r.Version
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
