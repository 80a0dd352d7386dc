package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/jmoiron/sqlx"

	"github.com/nod-idp/nod/internal/durable"
)

// CopyFile writes one unchanging state of an SQLite database to a file of its own, while
// others go on writing. Nothing may be at path; the copy appears there whole or not at all.
func (d *DB) CopyFile(ctx context.Context, path string) (err error) {
	if d.engine != SQLite {
		return fmt.Errorf("copy the database's file: %s has none", d.engine)
	}
	if err := copySQLite(ctx, d.path, path); err != nil {
		return fmt.Errorf("copy the database to %s: %w", path, err)
	}
	return nil
}

func copySQLite(ctx context.Context, from, to string) (err error) {
	if _, err := os.Lstat(to); err == nil {
		return os.ErrExist
	}
	source, err := sqlx.Open("sqlite", sqliteDSN(from, nil))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	part := to + ".part"
	if err := os.RemoveAll(part); err != nil { // what a copy that was cut short left
		return err
	}
	if _, err := source.ExecContext(ctx, "VACUUM INTO $1", part); err != nil {
		return errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	if err := durable.Sync(part); err != nil {
		return err
	}
	if err := os.Rename(part, to); err != nil {
		return err
	}
	return durable.Sync(filepath.Dir(to))
}
