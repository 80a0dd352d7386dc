package db

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrNoRoom is returned when there is no room for the copy that is kept of a database
// before it is migrated.
var ErrNoRoom = errors.New("too little room beside the database for a copy of it before it is migrated")

// backUp keeps a copy of an SQLite database as it is before a migration, beside it, until
// the next migration keeps another. newest is the last migration that it has.
func (o Opener) backUp(ctx context.Context, d *DB, newest int) error {
	former, err := filepath.Glob(globQuote(d.path) + ".before-*")
	if err != nil {
		return err
	}
	path := fmt.Sprintf("%s.before-%04d", d.path, newest+1)
	if _, err := os.Stat(path); err == nil {
		return nil // a migration that was cut short has left it, and it is the older state
	}
	if err := roomFor(d.path); err != nil {
		return err
	}
	if err := d.CopyFile(ctx, path); err != nil {
		return err
	}
	o.tell("keeps the database as it was: %s", path)
	for _, old := range former {
		if err := os.Remove(old); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// globQuote makes a path stand for itself in a pattern.
func globQuote(path string) string {
	var quoted []rune
	for _, r := range path {
		switch r {
		case '*', '?', '[', '\\':
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, r)
	}
	return string(quoted)
}

// roomFor demands room for a copy of the file, and as much again for the log that the
// migration writes.
func roomFor(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &fs); err != nil {
		return err
	}
	need, have := 2*uint64(info.Size()), fs.Bavail*uint64(fs.Bsize)
	if have < need {
		return fmt.Errorf("%w: %d MiB are needed, %d MiB are free", ErrNoRoom, need>>20, have>>20)
	}
	return nil
}
