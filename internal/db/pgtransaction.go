package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"github.com/nod-idp/nod/internal/pause"
)

// pgTransaction is one transaction on one connection. It knows its number, under which the
// server can be asked what became of it when the answer to COMMIT is lost.
type pgTransaction struct {
	db   *sqlx.DB
	conn *sqlx.Conn
	id   string // xid8
	over bool   // the connection can be used by others
}

// begin starts a transaction and learns its number in the same round trip.
func (w *pgWriter) begin(ctx context.Context) (*pgTransaction, error) {
	patient, cancel := hurried(ctx)
	defer cancel()
	conn, err := w.db.Connx(patient)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	x := &pgTransaction{db: w.db, conn: conn}
	results, err := x.simple(context.WithoutCancel(patient), "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_current_xact_id()")
	if err == nil && (len(results) != 2 || len(results[1].Rows) != 1) {
		err = errors.New("the server tells no number")
	}
	if err != nil {
		x.end()
		return nil, fmt.Errorf("begin: %w", err)
	}
	x.id = string(results[1].Rows[0][0])
	return x, nil
}

// simple runs statements by the simple query protocol.
func (x *pgTransaction) simple(ctx context.Context, query string) (results []*pgconn.Result, err error) {
	ctx, cancel := hurried(ctx)
	defer cancel()
	raw := x.conn.Raw(func(c any) error {
		results, err = c.(*stdlib.Conn).Conn().PgConn().Exec(ctx, query).ReadAll()
		return nil
	})
	return results, errors.Join(raw, err)
}

func (x *pgTransaction) closed() (closed bool) {
	err := x.conn.Raw(func(c any) error {
		closed = c.(*stdlib.Conn).Conn().IsClosed()
		return nil
	})
	return closed || err != nil
}

// failed undoes the transaction and says whether that is certain to help. COMMIT was not
// sent, so whatever happened to the connection nothing is stored.
func (x *pgTransaction) failed(err error) error {
	var pg *pgconn.PgError
	switch {
	case x.closed():
		return errUndone{err}
	case errors.As(err, &pg) && pg.Code == "25006": // it became a standby; others may have
		return errUndone{err}
	}
	if _, rollback := x.simple(context.Background(), "ROLLBACK"); rollback == nil {
		x.over = true
	}
	if conflict(err) {
		return errUndone{err}
	}
	return err
}

// end gives the connection back. One with a transaction under way is closed instead, and
// with it the transaction.
func (x *pgTransaction) end() {
	if !x.over {
		_ = x.conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	_ = x.conn.Close() // sql.ErrConnDone after the line above, and the second time
}

// errRolledBack: PostgreSQL answers COMMIT with ROLLBACK where a statement had failed.
var errRolledBack = errors.New("a statement had failed, so PostgreSQL rolled back")

// commit returns nil once the transaction is stored.
func (x *pgTransaction) commit(ctx context.Context) error {
	results, err := x.simple(ctx, "COMMIT")
	var pg *pgconn.PgError
	switch {
	case err == nil && len(results) == 1 && results[0].CommandTag.String() == "COMMIT":
		x.over = true
		return nil
	case err == nil:
		x.over = true
		return fmt.Errorf("commit: %w", errRolledBack)
	case errors.As(err, &pg) && !fatal(pg):
		x.over = true
		if conflict(err) {
			return errUndone{fmt.Errorf("commit: %w", err)}
		}
		return fmt.Errorf("commit: %w", err)
	}
	// Whatever the driver says about what was sent, the server knows. The connection goes
	// first: nobody waits for a second one while holding one.
	x.end()
	return x.resolve(ctx, fmt.Errorf("commit: %w", err))
}

// How long the server is asked what became of a transaction, and how often.
const (
	resolveFor   = 15 * time.Second
	resolveEvery = 50 * time.Millisecond
)

// resolve finds out what became of a transaction whose COMMIT was not answered.
func (x *pgTransaction) resolve(ctx context.Context, why error) error {
	ctx, cancel := context.WithTimeout(ctx, resolveFor)
	defer cancel()
	for {
		var status string
		err := x.ask(ctx, &status)
		var pg *pgconn.PgError
		switch {
		case err == nil && status == "committed":
			return nil
		case err == nil && status == "aborted":
			return errUndone{why}
		case errors.As(err, &pg) && pg.Code == "22023":
			// The number lies in this server's future: it took over without having
			// received the transaction.
			return errUndone{why}
		case err == nil && status == "":
			return fmt.Errorf("%w: %w", ErrUnknown, why) // forgotten, which takes millions of others
		}
		if err := pause.For(ctx, resolveEvery); err != nil {
			return fmt.Errorf("%w: %w", ErrUnknown, why)
		}
	}
}

// ask reads the fate of the transaction: committed, aborted, or in progress. One in
// progress that waits for its node has not seen COMMIT and never will, so it is ended. One
// that is committing, perhaps waiting for a standby, is left alone.
func (x *pgTransaction) ask(ctx context.Context, status *string) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := x.db.GetContext(ctx, status, "SELECT coalesce(pg_xact_status($1::text::xid8), '')", x.id); err != nil || *status != "in progress" {
		return err
	}
	_, err := x.db.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND backend_xid = $1::text::xid8::xid AND state LIKE 'idle in transaction%'`, x.id)
	return err
}
