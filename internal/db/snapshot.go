package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jmoiron/sqlx"
)

// Snapshot is one unchanging state of the database. It is valid only inside the
// function that DB.Snapshot was given.
type Snapshot struct {
	engine Engine
	ctx    context.Context
	tx     *sqlx.Tx
}

// Snapshot runs fn on the state that is committed at this moment, while others go on
// writing. On SQLite the write-ahead log grows for as long as fn runs; on PostgreSQL it
// is a REPEATABLE READ transaction.
func (d *DB) Snapshot(ctx context.Context, fn func(s *Snapshot) error) (err error) {
	o := &sql.TxOptions{ReadOnly: true}
	if d.engine == Postgres {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := d.pool.BeginTxx(ctx, o)
	if err != nil {
		return fmt.Errorf("begin a snapshot: %w", err)
	}
	defer func() {
		// Nothing was written. A context that ended has rolled back already.
		if end := tx.Rollback(); !errors.Is(end, sql.ErrTxDone) {
			err = errors.Join(err, end)
		}
	}()
	return fn(&Snapshot{engine: d.engine, ctx: ctx, tx: tx})
}

// Engine says which engine the snapshot is of.
func (s *Snapshot) Engine() Engine { return s.engine }

// Context is the context that the snapshot was asked for under.
func (s *Snapshot) Context() context.Context { return s.ctx }

// Get reads one row into dest. It returns ErrNotFound when there is none.
func (s *Snapshot) Get(dest any, query string, args ...any) error {
	return notFound(s.tx.GetContext(s.ctx, dest, s.engine.rewrite(query), args...))
}

// Select reads all rows into the slice that dest points to.
func (s *Snapshot) Select(dest any, query string, args ...any) error {
	return s.tx.SelectContext(s.ctx, dest, s.engine.rewrite(query), args...)
}

// Each reads rows one after another, without holding them all, and gives fn the values
// of their columns as the driver made them. They belong to fn. An error of fn ends it.
func (s *Snapshot) Each(fn func(values []any) error, query string, args ...any) (err error) {
	rows, err := s.tx.QueryxContext(s.ctx, s.engine.rewrite(query), args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		values, err := rows.SliceScan()
		if err != nil {
			return err
		}
		if err := fn(values); err != nil {
			return err
		}
	}
	return rows.Err()
}
