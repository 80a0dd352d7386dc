package backup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/nod-idp/nod/internal/durable"
	"github.com/nod-idp/nod/internal/failpoint"
)

// ErrExists is returned where a file is already there and must not be replaced.
var ErrExists = errors.New("the file is there already")

// WriteFile takes a backup into a file: it is written beside it under another name, synced,
// verified by whoever is given its name, and then renamed, so that at every moment there is
// either the old file or a whole new one. What runs that were killed left is removed.
func (w *Writer) WriteFile(ctx context.Context, path string, replace bool, verify func(name string) error) (s Summary, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) && !replace {
		return s, errors.Join(fmt.Errorf("%s: %w", path, ErrExists), err)
	}
	dir, prefix := filepath.Dir(path), "."+filepath.Base(path)+".part-"
	if err := sweep(dir, prefix); err != nil {
		return s, err
	}
	temp, err := os.CreateTemp(dir, prefix+"*") // mode 0600
	if err != nil {
		return s, fmt.Errorf("write a backup: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name()) // it may have been renamed already
		}
	}()
	// The lock tells other runs that this one is alive. It goes with the process.
	if err := syscall.Flock(int(temp.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return s, errors.Join(fmt.Errorf("write a backup: %w", err), temp.Close())
	}
	s, err = w.Write(ctx, temp)
	if err == nil {
		err = temp.Sync()
	}
	if err == nil && verify != nil {
		err = verify(temp.Name())
	}
	if err == nil {
		failpoint.Hit(failpoint.BackupUnfinished)
		err = put(temp.Name(), path, replace)
	}
	return s, errors.Join(err, temp.Close())
}

// put gives a file its name. Without replace a file that came meanwhile is kept.
func put(from, to string, replace bool) error {
	if replace {
		if err := os.Rename(from, to); err != nil {
			return err
		}
		return durable.Sync(filepath.Dir(to))
	}
	if err := os.Link(from, to); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", to, ErrExists)
	} else if err != nil { // a file system without links
		if err := os.Rename(from, to); err != nil {
			return err
		}
		return durable.Sync(filepath.Dir(to))
	}
	return errors.Join(os.Remove(from), durable.Sync(filepath.Dir(to)))
}

// sweep removes what killed runs left in a folder, and nothing that a live one holds.
func sweep(dir, prefix string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), prefix) || alive(filepath.Join(dir, e.Name())) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// hold tells others that a folder is in use, until the file it returns is closed.
func hold(path string) (*os.File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// alive reports whether somebody holds the lock of a file or a folder.
func alive(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	return errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
