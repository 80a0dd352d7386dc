package db

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/nod-idp/nod/internal/failpoint"
)

// Errors of Rebuild.
var (
	ErrNotEmpty = errors.New("the database is not empty")
	ErrServed   = errors.New("a nod serve runs on this database")
)

// Rebuild makes a database anew and fills it, all in one transaction: whoever is stopped
// on the way leaves what was there before.
type Rebuild struct {
	Migration int  // the schema that Fill expects
	Replace   bool // what is there may be dropped
	// Fill writes the rows. The tables hold what their migrations put into them.
	Fill func(tx *Tx) error
	// Finish runs under the newest schema.
	Finish func(tx *Tx) error
}

// Newest is the number of the newest migration that this binary knows.
func Newest(engine Engine) (int, error) {
	all, err := readMigrations(engine)
	return len(all), err
}

// Run rebuilds the database at url, as Open understands it. It returns ErrNotEmpty where
// there is an installation and Replace is false, and ErrServed where a server is connected
// to it. That nobody serves an SQLite file is left to the caller.
func (r Rebuild) Run(ctx context.Context, url string) (err error) {
	d, _, err := openBare(ctx, url)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, d.disconnect()) }()
	all, err := readMigrations(d.engine)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if r.Migration < 1 || r.Migration > len(all) {
		return fmt.Errorf("the schema has migration %d, this binary knows %d: use a newer nod", r.Migration, len(all))
	}
	if err := d.awaitAlone(ctx); err != nil {
		return err
	}
	return d.Write(ctx, func(tx *Tx) error {
		if err := r.clear(tx, all); err != nil {
			return err
		}
		if err := tx.migrate(all[:r.Migration]); err != nil {
			return err
		}
		if err := r.Fill(tx); err != nil {
			return err
		}
		if err := tx.migrate(all[r.Migration:]); err != nil {
			return err
		}
		if err := r.Finish(tx); err != nil {
			return err
		}
		failpoint.Hit(failpoint.RestoreUnfinished)
		return nil
	})
}

// clear drops the tables of nod, and no others.
func (r Rebuild) clear(tx *Tx, all []migration) error {
	if tx.engine == Postgres {
		if err := alone(tx); err != nil {
			return err
		}
	}
	tables, err := tx.tables()
	if err != nil {
		return err
	}
	if tables["instance"] && !r.Replace {
		var there int
		if err := tx.Get(&there, "SELECT count(*) FROM instance"); err != nil || there > 0 {
			return errors.Join(err, ErrNotEmpty)
		}
	}
	// The last that was made goes first, since it may refer to others.
	names := made(all)
	for i := len(names) - 1; i >= 0; i-- {
		if tables[names[i]] {
			if _, err := tx.Exec(`DROP TABLE "` + names[i] + `"`); err != nil {
				return fmt.Errorf("drop table %s: %w", names[i], err)
			}
		}
	}
	return nil
}

// listeners counts the servers on a PostgreSQL database: each listens.
const listeners = `SELECT count(*) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid() AND query = 'LISTEN ' || $1`

// goneWithin is how long PostgreSQL may take to notice that a server has just left.
const goneWithin = 3 * time.Second

// awaitAlone waits a little for servers that are leaving.
func (d *DB) awaitAlone(ctx context.Context) error {
	if d.engine != Postgres {
		return nil
	}
	for end := time.Now().Add(goneWithin); ; time.Sleep(50 * time.Millisecond) {
		var others int
		if err := d.Get(ctx, &others, listeners, notifyChannel); err != nil || others == 0 {
			return err
		}
		if time.Now().After(end) {
			return ErrServed
		}
	}
}

// alone makes sure that no server has come meanwhile.
func alone(tx *Tx) error {
	var others int
	err := tx.Get(&others, listeners, notifyChannel)
	if err == nil && others > 0 {
		err = ErrServed
	}
	if err != nil {
		return err
	}
	// Whoever reads or writes all the same is not waited for endlessly.
	_, err = tx.Exec("SET LOCAL lock_timeout = '10s'")
	return err
}

func (t *Tx) tables() (map[string]bool, error) {
	query := "SELECT name FROM sqlite_master WHERE type = 'table'"
	if t.engine == Postgres {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
	}
	var names []string
	err := t.Select(&names, query)
	there := map[string]bool{}
	for _, name := range names {
		there[name] = true
	}
	return there, err
}

var createTable = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// made names the tables that migrations make, in their order.
func made(all []migration) []string {
	names := []string{"schema_migrations"}
	for _, m := range all {
		for _, found := range createTable.FindAllStringSubmatch(m.text(), -1) {
			names = append(names, found[1])
		}
	}
	return names
}

// migrate applies migrations to a database that nobody else sees.
func (t *Tx) migrate(all []migration) error {
	if _, err := t.Exec(migrationsTable); err != nil {
		return err
	}
	for _, m := range all {
		if _, err := t.run.ExecContext(t.ctx, m.text()); err != nil {
			return fmt.Errorf("migration %04d_%s: %w", m.number, m.name, err)
		}
		if _, err := t.Exec("INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES ($1, $2, $3, $4)",
			m.number, m.name, m.checksum, time.Now().UnixMilli()); err != nil {
			return err
		}
	}
	return nil
}

// IsPostgres reports whether an address is one of PostgreSQL and not the path of a file.
func IsPostgres(url string) bool {
	return strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
}

// Checkpoint folds the write-ahead log of an SQLite file that nobody uses into the file.
func Checkpoint(ctx context.Context, path string) error {
	d, _, err := openBare(ctx, path)
	if err != nil {
		return err
	}
	return d.disconnect()
}
