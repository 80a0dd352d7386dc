package db

import (
	"context"
	"database/sql"
	"reflect"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/nod-idp/nod/internal/pause"
)

// pgReads reads outside of transactions. What only reads may be asked again, so a broken
// connection is nobody's error as long as another one can be had.
type pgReads struct{ db *sqlx.DB }

// readTries is how often a read is asked, the first time included.
const readTries = 3

// GetContext reads one row.
func (r pgReads) GetContext(ctx context.Context, dest any, query string, args ...any) error {
	return r.again(ctx, func(ctx context.Context) error { return r.db.GetContext(ctx, dest, query, args...) })
}

// SelectContext reads all rows.
func (r pgReads) SelectContext(ctx context.Context, dest any, query string, args ...any) error {
	rows := reflect.ValueOf(dest).Elem()
	before := rows.Len()
	return r.again(ctx, func(ctx context.Context) error {
		rows.SetLen(before) // sqlx appends, and half an answer may have come
		return r.db.SelectContext(ctx, dest, query, args...)
	})
}

// ExecContext runs a statement once, since it may change something.
func (r pgReads) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, cancel := hurried(ctx)
	defer cancel()
	return r.db.ExecContext(ctx, query, args...)
}

func (r pgReads) again(ctx context.Context, read func(context.Context) error) error {
	for try := 1; ; try++ {
		err := inTime(ctx, read)
		switch {
		case err == nil, !lost(err):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case try == readTries:
			return unavailable(err)
		}
		if err := pause.For(ctx, time.Duration(try)*50*time.Millisecond); err != nil {
			return err
		}
	}
}

func inTime(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := hurried(ctx)
	defer cancel()
	return do(ctx)
}
