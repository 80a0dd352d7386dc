package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/nod-idp/nod/internal/pause"
)

type pgWriter struct {
	db    *sqlx.DB
	bus   *bus
	watch *watcher
}

// Retries of a transaction that PostgreSQL broke off because of another one.
const conflictRetries = 12

// errUndone wraps what kept a transaction from being stored when it is certain that
// nothing of it was, so that it may simply be run again.
type errUndone struct{ error }

func (e errUndone) Unwrap() error { return e.error }

// write runs the transaction again as long as it is certain that the one before left
// nothing behind: PostgreSQL said so, or COMMIT was never sent, or the server was asked
// afterwards what became of it. A COMMIT whose answer was lost is never repeated blindly.
func (w *pgWriter) write(ctx context.Context, fn func(*Tx) error) error {
	began := time.Now()
	for try := 0; ; try++ {
		err := w.once(ctx, fn)
		var undone errUndone
		if err == nil || !errors.As(err, &undone) {
			return err
		}
		wait := rand.N(2 * time.Millisecond << min(try, 6))
		switch {
		case conflict(err):
			if try >= conflictRetries {
				return undone.error
			}
		case ctx.Err() != nil:
			return ctx.Err()
		case try > 0 && time.Since(began) > pgOutage:
			return unavailable(undone.error)
		default:
			wait = min(250*time.Millisecond, 10*time.Millisecond<<min(try, 8))
		}
		if err := pause.For(ctx, wait); err != nil {
			return err
		}
	}
}

func (w *pgWriter) once(ctx context.Context, fn func(*Tx) error) error {
	began := time.Now()
	x, err := w.begin(ctx)
	if err != nil {
		return errUndone{err}
	}
	defer x.end() // a panic of fn on its way to the caller rolls back as well
	// What has begun runs to its end even if the caller leaves: otherwise the connection
	// would have to be given up in the middle, perhaps of COMMIT.
	t := &Tx{engine: Postgres, ctx: context.WithoutCancel(ctx), run: pgStatements{x.conn}}
	err = fn(t)
	if err == nil {
		err = t.notify()
	}
	if err != nil {
		return x.failed(err)
	}
	if err := x.commit(t.ctx); err != nil {
		w.watch.tell(began, Commit{Writes: 1, Err: err})
		return err
	}
	w.watch.tell(began, Commit{Writes: 1, Notes: t.notes})
	w.bus.wake(t.topics)
	return nil
}

// notify hands what was announced to PostgreSQL, which tells it to all nodes at COMMIT.
func (t *Tx) notify() error {
	if len(t.topics) == 0 {
		return nil
	}
	_, err := t.run.ExecContext(t.ctx, "SELECT pg_notify($1, topic) FROM unnest($2::text[]) AS topic", notifyChannel, t.topics)
	return err
}

func (w *pgWriter) close() error { return nil } // the pool is closed with the readers

// pgStatements runs the statements of one transaction, each with an end to its time.
type pgStatements struct{ conn *sqlx.Conn }

// GetContext reads one row.
func (s pgStatements) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	ctx, cancel := hurried(ctx)
	defer cancel()
	return s.conn.GetContext(ctx, dest, query, args...)
}

// SelectContext reads all rows.
func (s pgStatements) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	ctx, cancel := hurried(ctx)
	defer cancel()
	return s.conn.SelectContext(ctx, dest, query, args...)
}

// ExecContext runs a statement.
func (s pgStatements) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, cancel := hurried(ctx)
	defer cancel()
	return s.conn.ExecContext(ctx, query, args...)
}

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }
