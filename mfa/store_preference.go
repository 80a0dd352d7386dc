package mfa

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

func readPreference(ctx context.Context, d *db.DB, userID string) (Preference, error) {
	var row struct {
		Last   Method `db:"last_method"`
		AtOnce bool   `db:"at_once"`
	}
	err := d.Get(ctx, &row, "SELECT last_method, at_once FROM preferences WHERE user_id = $1", userID)
	return Preference(row), err
}

func saveAtOnceTx(tx *db.Tx, userID string, on bool, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO preferences (user_id, at_once, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET at_once = excluded.at_once, changed_at = excluded.changed_at`, userID, on, db.At(now))
	return err
}

func saveLastTx(tx *db.Tx, userID string, m Method, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO preferences (user_id, last_method, changed_at) VALUES ($1, $2, $3)
		ON CONFLICT (user_id) DO UPDATE SET last_method = excluded.last_method, changed_at = excluded.changed_at
			WHERE preferences.last_method <> excluded.last_method`, userID, m, db.At(now))
	return err
}
