package instance

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Taken is a backup that is whole: the moment whose state it holds, and what of it the
// journal tells.
type Taken struct {
	Of    time.Time
	Rows  int64
	Bytes int64
	Key   string // the id of the key it is sealed under
}

// BackedUp notes that a backup was taken. Of two that were taken at once the later counts.
func BackedUp(ctx context.Context, d *db.DB, b Taken, now time.Time) error {
	err := d.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec("UPDATE instance SET backed_up_at = $1 WHERE one = 1 AND (backed_up_at IS NULL OR backed_up_at < $1)", db.At(b.Of)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "instance.backed_up",
			Detail: map[string]any{"of": b.Of.UTC(), "rows": b.Rows, "bytes": b.Bytes, "sealing_key": b.Key}})
	})
	if err != nil {
		return fmt.Errorf("note the backup: %w", err)
	}
	return nil
}

// LastBackup returns of when the last backup is, zero if there was none.
func LastBackup(ctx context.Context, d *db.DB) (time.Time, error) {
	var at db.Time
	err := d.Get(ctx, &at, "SELECT backed_up_at FROM instance WHERE one = 1")
	return at.Time, err
}
