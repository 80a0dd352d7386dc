package db

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/failpoint"
)

// ErrNewer is returned for a database that was migrated by a nod too new for this one. A
// binary gets on with the schema of the next release, and with none beyond that.
var ErrNewer = errors.New("the database belongs to a newer nod")

// ErrForeign is returned for a database that was migrated with other texts.
var ErrForeign = errors.New("the database was migrated with another text of it: this binary does not belong to this database")

// migrate brings the schema up to date. One process does it at a time, others wait for it;
// what is done is never done twice, even if two believe that it is their turn, since each
// step asks again under a lock of the engine.
func (o Opener) migrate(ctx context.Context, d *DB) error {
	ctx = unhurried(ctx)
	all, err := migrationsIn(o.files(), d.engine)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := d.prepareMigrations(ctx); err != nil {
		return err
	}
	pending, err := d.pending(ctx, all)
	if err != nil || len(pending) == 0 {
		return err
	}
	fresh := pending[0].number == 1
	if fresh { // leases come with it
		if err := o.apply(ctx, d, pending[0]); err != nil {
			return err
		}
	}
	release, err := o.ownSchema(ctx, d)
	if err != nil {
		return err
	}
	defer func() { release(context.WithoutCancel(ctx)) }()
	if pending, err = d.pending(ctx, all); err != nil || len(pending) == 0 {
		return err
	}
	if d.engine == SQLite && !fresh {
		if err := o.backUp(ctx, d, pending[0].number-1); err != nil {
			return err
		}
	}
	for _, m := range pending {
		if !fresh {
			o.tell("migrates the database: %s", m)
		}
		if err := o.apply(ctx, d, m); err != nil {
			return err
		}
	}
	return nil
}

// pending are the migrations that are not done, in order.
func (d *DB) pending(ctx context.Context, all []migration) (left []migration, err error) {
	var done []struct {
		Number   int
		Checksum string
	}
	if err := d.Select(ctx, &done, "SELECT number, checksum FROM schema_migrations ORDER BY number"); err != nil {
		return nil, err
	}
	sums := map[int]string{}
	for _, r := range done {
		if sums[r.Number] = r.Checksum; r.Number > len(all)+1 {
			return nil, fmt.Errorf("%w: it has migration %d, this binary knows %d", ErrNewer, r.Number, len(all))
		}
	}
	for _, m := range all {
		switch sum, applied := sums[m.number]; {
		case !applied:
			left = append(left, m)
		case sum != m.checksum:
			return nil, fmt.Errorf("migration %s: %w", m, ErrForeign)
		}
	}
	return left, nil
}

// migrationLock is an arbitrary number that all nodes agree on.
const migrationLock = 7_301_114

func (d *DB) lockMigrations(tx *Tx) error {
	if d.engine != Postgres {
		return nil
	}
	_, err := tx.Exec("SELECT pg_advisory_xact_lock($1)", migrationLock)
	return err
}

func (d *DB) prepareMigrations(ctx context.Context) error {
	there, err := d.hasMigrations(ctx)
	if err != nil || there {
		return err
	}
	return d.Write(ctx, func(tx *Tx) error {
		if err := d.lockMigrations(tx); err != nil {
			return err
		}
		_, err := tx.Exec(migrationsTable)
		return err
	})
}

const migrationsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
	number BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)`

// hasMigrations says whether a nod has been at this database.
func (d *DB) hasMigrations(ctx context.Context) (bool, error) {
	var there int
	probe := "SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'"
	if d.engine == Postgres {
		probe = "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migrations' AND schemaname = current_schema()"
	}
	err := d.Get(ctx, &there, probe)
	return there == 1, err
}

func (o Opener) apply(ctx context.Context, d *DB, m migration) error {
	for step := range m.steps {
		err := d.Write(ctx, func(tx *Tx) error { return d.stepTx(tx, m, step) })
		if err == nil && o.interrupt != nil {
			err = o.interrupt(m.number, step)
		}
		if err != nil {
			return fmt.Errorf("migration %s: %w", m, err)
		}
	}
	return nil
}

// stepTx does one step of a migration unless it is done.
func (d *DB) stepTx(tx *Tx, m migration, step int) error {
	if err := d.lockMigrations(tx); err != nil {
		return err
	}
	var n int
	if err := tx.Get(&n, "SELECT count(*) FROM schema_migrations WHERE number = $1", m.number); err != nil || n == 1 {
		return err
	}
	if len(m.steps) > 1 {
		var done int
		if err := tx.Get(&done, "SELECT coalesce(max(version), 0) FROM versions WHERE name = $1", m.counter()); err != nil || done > step {
			return err
		}
	}
	if _, err := tx.run.ExecContext(tx.ctx, m.steps[step]); err != nil {
		return err
	}
	failpoint.Hit(failpoint.MigrationUnfinished)
	if step < len(m.steps)-1 {
		_, err := tx.Exec(`INSERT INTO versions (name, version) VALUES ($1, $2)
			ON CONFLICT (name) DO UPDATE SET version = excluded.version`, m.counter(), step+1)
		return err
	}
	if len(m.steps) > 1 {
		if _, err := tx.Exec("DELETE FROM versions WHERE name = $1", m.counter()); err != nil {
			return err
		}
	}
	_, err := tx.Exec("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
		m.number, m.name, m.checksum, time.Now().UnixMilli())
	return err
}
