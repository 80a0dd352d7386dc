package db

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nod-idp/nod/internal/durable"
	"github.com/nod-idp/nod/internal/failpoint"
)

// ErrNotRestored says that there is no database, but the beginning of one that was to be
// restored from a backup.
var ErrNotRestored = errors.New("a restore was stopped before its end, and nothing was there before it")

// beside is what SQLite keeps next to a file.
var beside = []string{"-wal", "-shm"}

// Restoring is where an SQLite file is rebuilt that shall take the place of the one at path.
func Restoring(path string) string { return path + ".restoring" }

// PutInPlace gives the file at Restoring(path) the name path: at every moment there is the
// former database or the new one. The former one is kept under the name that is returned,
// "" where there was none. Nobody may use either, and Settle has to have been called.
func PutInPlace(ctx context.Context, path string) (former string, err error) {
	_, err = os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err == nil {
		if former, err = setAside(ctx, path); err != nil {
			return "", err
		}
	}
	failpoint.Hit(failpoint.RestoreUnfinished)
	if err := os.Rename(Restoring(path), path); err != nil {
		return former, err
	}
	failpoint.Hit(failpoint.RestoreUnfinished)
	return former, durable.Sync(filepath.Dir(path))
}

// setAside gives a database a second name and takes what belongs to it away from the
// first: a log that stayed would be played into the new file. It is folded into its own, if
// that can be opened at all.
func setAside(ctx context.Context, path string) (former string, err error) {
	former = path + ".before-" + time.Now().UTC().Format("20060102T150405.000")
	_ = Checkpoint(ctx, path) // a damaged file is no reason to keep it in place
	if err := os.Link(path, former); err != nil {
		return "", err
	}
	failpoint.Hit(failpoint.RestoreUnfinished)
	for _, more := range beside {
		if err := os.Rename(path+more, former+more); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return former, nil
}

// Settle undoes what was under way at path when it was stopped, and removes what lies about.
// It reports whether there was anything. A rebuilt file without a database that it could have
// replaced is left, since nothing is there then. Nobody may use the database.
func Settle(path string) (stopped bool, err error) {
	_, err = os.Lstat(Restoring(path))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	stopped = err == nil
	now, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return stopped, nil
	}
	if err != nil {
		return stopped, err
	}
	aside, err := filepath.Glob(globQuote(path) + ".before-*")
	if err != nil {
		return stopped, err
	}
	for _, former := range aside {
		if of, err := os.Stat(former); err != nil || !os.SameFile(now, of) {
			continue // it was replaced, or is a copy
		}
		stopped = true
		if err := takeBack(former, path); err != nil {
			return stopped, err
		}
	}
	if !stopped {
		return false, nil
	}
	return true, errors.Join(RemoveFiles(Restoring(path)), durable.Sync(filepath.Dir(path)))
}

// takeBack undoes setAside.
func takeBack(former, path string) error {
	for _, more := range beside {
		_, err := os.Lstat(path + more)
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Rename(former+more, path+more)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(former)
}

// RemoveFiles removes an SQLite file and what belongs to it. What is not there is no error.
func RemoveFiles(path string) (err error) {
	for _, more := range append([]string{""}, beside...) {
		if gone := os.Remove(path + more); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}
