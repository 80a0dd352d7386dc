package backup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/instance"
)

// scratchPrefix is how folders begin that a backup is opened in, to be verified.
const scratchPrefix = ".nod-verify-"

// Verify does what a restore would, into a database in a folder of its own below scratch:
// it reads the whole file, writes every row under the schema of its time, counts them, has
// SQLite look for damage, opens the installation with the sealing key and walks the
// journal's chain. The folder is removed again; those of runs that were killed too.
func (f *File) Verify(ctx context.Context, scratch string) (s Summary, err error) {
	if s, err = f.Check(); err != nil {
		return s, err
	}
	if err := sweep(scratch, scratchPrefix); err != nil {
		return s, err
	}
	dir, err := os.MkdirTemp(scratch, scratchPrefix) // 0700
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	held, err := hold(dir)
	if err != nil {
		return s, err
	}
	defer held.Close()
	path := filepath.Join(dir, "nod.db")
	loaded := Summary{}
	err = db.Rebuild{
		Migration: s.Migration,
		Fill: func(tx *db.Tx) (err error) {
			loaded, err = f.FillTx(tx)
			return err
		},
		Finish: func(*db.Tx) error { return nil },
	}.Run(ctx, path)
	if err != nil {
		return s, fmt.Errorf("open the backup: %w", err)
	}
	if loaded.Rows != s.Rows || loaded.Tables != s.Tables {
		return s, fmt.Errorf("open the backup: %w", ErrDamaged)
	}
	return s, f.examine(ctx, path, s)
}

func (f *File) examine(ctx context.Context, path string, s Summary) (err error) {
	d, err := db.Open(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	err = d.Snapshot(ctx, func(snap *db.Snapshot) error {
		if err := snap.Integrity(); err != nil {
			return err
		}
		all, err := rows.Tables(snap)
		if err != nil {
			return err
		}
		var n int64
		for _, t := range all {
			more, err := t.Count(snap)
			if err != nil {
				return err
			}
			n += more
		}
		if n < s.Rows { // migrations may have added some
			return fmt.Errorf("%w: %d rows came out of %d", ErrDamaged, n, s.Rows)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("examine the backup: %w", err)
	}
	in, err := instance.Open(ctx, d, f.Ring, s.MadeAt)
	if err != nil {
		return fmt.Errorf("examine the backup: %w", err)
	}
	if in.ID != s.Instance || in.Epoch != s.Epoch {
		return fmt.Errorf("examine the backup: %w: its head is of another installation", ErrDamaged)
	}
	if _, err := audit.Verify(ctx, d, (&audit.Sealer{Box: in.Box}).PublicKey()); err != nil {
		return fmt.Errorf("examine the backup: %w", err)
	}
	return nil
}
