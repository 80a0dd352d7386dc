package db

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

const notifyChannel = "nod"

// ErrUnavailable is returned when the database could not be reached, or nothing could be
// written to it, for as long as a request can wait. Nothing was changed. It is worth
// asking again.
var ErrUnavailable = errors.New("the database cannot be reached")

// ErrUnknown is returned when a connection broke during COMMIT and it could not be found
// out whether the transaction is stored. Whoever asks again has to look first; every step
// of nod does, since it is a conditional UPDATE.
var ErrUnknown = errors.New("it is not known whether the transaction was stored")

// Patience with PostgreSQL.
const (
	pgConnect = 5 * time.Second // to one server, of several that an address may name
	// pgStatement is how long one statement may take, waiting for a free connection
	// included: a connection that is dead without a sign is given up then.
	pgStatement = 5 * time.Second
	// pgOutage is how long a transaction is begun anew while the database is away: long
	// enough for a restart, and for a standby to take over if it is quick.
	pgOutage = 4 * time.Second
	// pgAbandoned is when the server rolls back by itself what a node began and, being
	// dead or stopped, does not go on with. Until then its rows stay locked.
	pgAbandoned = 5 * time.Second
)

func openPostgres(ctx context.Context, url string) (*DB, func(context.Context), error) {
	config, err := pgConfig(url)
	if err != nil {
		return nil, nil, err
	}
	pool := sqlx.NewDb(stdlib.OpenDB(*config), "pgx")
	if err := pool.PingContext(ctx); err != nil {
		return nil, nil, errors.Join(err, pool.Close())
	}
	conns := max(8, 4*runtime.GOMAXPROCS(0))
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	d := &DB{engine: Postgres, pool: pool, reads: pgReads{pool}, bus: newBus(), watch: &watcher{}}
	d.writer = &pgWriter{db: pool, bus: d.bus, watch: d.watch}
	return d, func(ctx context.Context) { d.watchPostgres(ctx, config) }, nil
}

// pgConfig is what an address says, and what nod needs besides: of several servers the one
// that takes writes (a standby is no use to it), and an end to everything that hangs.
func pgConfig(url string) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = pgConnect
	}
	const abandoned = "idle_in_transaction_session_timeout"
	if config.RuntimeParams[abandoned] == "" {
		config.RuntimeParams[abandoned] = fmt.Sprint(pgAbandoned.Milliseconds())
	}
	return config, nil
}

type unhurriedKey struct{}

// unhurried returns a context whose statements may take as long as they do: a migration
// builds indexes.
func unhurried(ctx context.Context) context.Context {
	return context.WithValue(ctx, unhurriedKey{}, true)
}

// hurried limits one statement.
func hurried(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Value(unhurriedKey{}) != nil {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, pgStatement)
}
