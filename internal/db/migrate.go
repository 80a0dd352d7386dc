package db

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/migrations"
)

type migration struct {
	number   int
	name     string
	text     string
	checksum string
}

// migrate brings the schema up to date, one transaction for each migration. Two
// nodes that start at once take turns: the table lock of PostgreSQL and the write
// lock of SQLite see to it.
func (d *DB) migrate(ctx context.Context) error {
	ctx = unhurried(ctx)
	all, err := readMigrations(d.engine)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if err := d.prepareMigrations(ctx); err != nil {
		return err
	}
	for _, m := range all {
		if err := d.apply(ctx, m); err != nil {
			return fmt.Errorf("migration %04d_%s: %w", m.number, m.name, err)
		}
	}
	return d.refuseNewer(ctx, len(all))
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
	var there int
	probe := "SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'"
	if d.engine == Postgres {
		probe = "SELECT count(*) FROM pg_tables WHERE tablename = 'schema_migrations' AND schemaname = current_schema()"
	}
	if err := d.Get(ctx, &there, probe); err != nil || there == 1 {
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

func (d *DB) apply(ctx context.Context, m migration) error {
	done, err := d.applied(ctx, m)
	if err != nil || done {
		return err
	}
	return d.Write(ctx, func(tx *Tx) error {
		if err := d.lockMigrations(tx); err != nil {
			return err
		}
		var n int
		if err := tx.Get(&n, "SELECT count(*) FROM schema_migrations WHERE number = $1", m.number); err != nil || n == 1 {
			return err
		}
		if _, err := tx.run.ExecContext(tx.ctx, m.text); err != nil {
			return err
		}
		failpoint.Hit(failpoint.MigrationUnfinished)
		_, err := tx.Exec("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
			m.number, m.name, m.checksum, time.Now().UnixMilli())
		return err
	})
}

func (d *DB) applied(ctx context.Context, m migration) (bool, error) {
	var checksum string
	switch err := d.Get(ctx, &checksum, "SELECT checksum FROM schema_migrations WHERE number = $1", m.number); {
	case err == ErrNotFound:
		return false, nil
	case err != nil:
		return false, err
	case checksum != m.checksum:
		return false, fmt.Errorf("the database was migrated with another text of it: this binary does not belong to this database")
	}
	return true, nil
}

func (d *DB) refuseNewer(ctx context.Context, known int) error {
	var newest int
	if err := d.Get(ctx, &newest, "SELECT coalesce(max(number), 0) FROM schema_migrations"); err != nil {
		return err
	}
	if newest > known+1 {
		return fmt.Errorf("the database has migration %d, this binary knows %d: use a newer nod", newest, known)
	}
	return nil
}

func readMigrations(engine Engine) ([]migration, error) {
	paths, err := fs.Glob(migrations.Files, string(engine)+"/*.sql")
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var all []migration
	for _, path := range paths {
		text, err := fs.ReadFile(migrations.Files, path)
		if err != nil {
			return nil, err
		}
		digits, name, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(path, string(engine)+"/"), ".sql"), "_")
		number, err := strconv.Atoi(digits)
		if !ok || err != nil || number != len(all)+1 {
			return nil, fmt.Errorf("%s is not called NNNN_name.sql in sequence", path)
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{number, name, string(text), hex.EncodeToString(sum[:])})
	}
	return all, nil
}
