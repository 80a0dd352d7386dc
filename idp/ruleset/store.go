package ruleset

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

func read(ctx context.Context, d *db.DB) (a Applied, err error) {
	err = d.Get(ctx, &a.Text, "SELECT rules FROM applied_policy WHERE one = 1")
	if errors.Is(err, db.ErrNotFound) {
		return Applied{}, nil
	}
	a.There = err == nil
	return a, err
}

func upsertTx(tx *db.Tx, text string, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO applied_policy (one, rules, applied_at) VALUES (1, $1, $2)
		ON CONFLICT (one) DO UPDATE SET rules = excluded.rules, applied_at = excluded.applied_at`, text, db.At(now))
	return err
}

func deleteTx(tx *db.Tx) error {
	_, err := tx.Exec("DELETE FROM applied_policy")
	return err
}
