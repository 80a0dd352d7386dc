package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Schema is how far a database is.
type Schema struct {
	Engine  Engine   `json:"engine"`
	Newest  int      `json:"newest"`          // migration that it has, 0 if a nod never was at it
	Known   int      `json:"known"`           // newest migration that this binary has
	Pending []string `json:"pending"`         // what opening it would do
	Owner   string   `json:"owner,omitempty"` // who migrates it at present
	Bytes   int64    `json:"bytes"`
}

// Look reads how far the database is and changes nothing. An SQLite file must exist.
func (o Opener) Look(ctx context.Context) (s Schema, err error) {
	err = o.unopened(ctx, func(d *DB) error {
		s.Engine, s.Pending = d.engine, []string{}
		all, err := migrationsIn(o.files(), d.engine)
		if err != nil {
			return err
		}
		s.Known = len(all)
		size := "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
		if d.engine == Postgres {
			size = "SELECT pg_database_size(current_database())"
		}
		if err := d.Get(ctx, &s.Bytes, size); err != nil {
			return err
		}
		there, err := d.hasMigrations(ctx)
		if err != nil {
			return err
		}
		left := all
		if there {
			if err := d.Get(ctx, &s.Newest, "SELECT coalesce(max(number), 0) FROM schema_migrations"); err != nil {
				return err
			}
			if left, err = d.pending(ctx, all); err != nil {
				return err
			}
		}
		for _, m := range left {
			s.Pending = append(s.Pending, m.String())
		}
		if s.Newest == 0 {
			return nil
		}
		err = d.Get(ctx, &s.Owner, "SELECT holder FROM leases WHERE name = $1 AND expires_at > $2", schemaLease, At(time.Now()))
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	})
	return s, err
}

// Rehearse does what is pending and undoes it, and returns how long it took: on SQLite on
// a copy, on PostgreSQL in a transaction that is rolled back, for whose length the tables
// that it changes wait.
func (o Opener) Rehearse(ctx context.Context) (took time.Duration, err error) {
	err = o.unopened(ctx, func(d *DB) (err error) {
		all, err := migrationsIn(o.files(), d.engine)
		if err != nil {
			return err
		}
		left, err := d.pending(ctx, all)
		if err != nil || len(left) == 0 {
			return err
		}
		if d.engine == SQLite {
			if err := roomFor(d.path); err != nil {
				return err
			}
			dir, err := os.MkdirTemp(filepath.Dir(d.path), "rehearsal-")
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			trial := Opener{URL: filepath.Join(dir, "nod.db"), schema: o.schema}
			if err := d.CopyFile(ctx, trial.URL); err != nil {
				return err
			}
			return trial.unopened(ctx, func(d *DB) (err error) { took, err = d.tryAll(ctx, left); return err })
		}
		took, err = d.tryAll(ctx, left)
		return err
	})
	return took, err
}

// errUndo rolls a rehearsal back.
var errUndo = errors.New("this was a rehearsal")

func (d *DB) tryAll(ctx context.Context, left []migration) (time.Duration, error) {
	began := time.Now()
	err := d.Write(ctx, func(tx *Tx) error {
		if tx.engine == Postgres { // whoever is served goes first
			if _, err := tx.Exec("SET LOCAL lock_timeout = '3s'"); err != nil {
				return err
			}
		}
		for _, m := range left {
			for step := range m.steps {
				if err := d.stepTx(tx, m, step); err != nil {
					return fmt.Errorf("migration %s: %w", m, err)
				}
			}
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return time.Since(began), err
}

// Alone returns ErrServed where a server is connected to a PostgreSQL database. Who serves
// an SQLite file is known by the lock of its directory.
func (o Opener) Alone(ctx context.Context) error {
	return o.unopened(ctx, func(d *DB) error {
		if d.engine == SQLite {
			return nil
		}
		return d.Write(ctx, alone)
	})
}

// unopened runs do on the database as it is.
func (o Opener) unopened(ctx context.Context, do func(d *DB) error) (err error) {
	if !IsPostgres(o.URL) {
		if _, err := os.Stat(o.URL); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("open database: %w", err)
		}
	}
	d, _, err := o.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.disconnect()) }()
	return do(d)
}
