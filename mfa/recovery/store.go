package recovery

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

func (c *Codes) read(ctx context.Context, userID string) (Set, error) {
	var r struct {
		ID     string  `db:"set_id"`
		MadeBy string  `db:"made_by"`
		MadeAt db.Time `db:"made_at"`
		Left   int     `db:"unused"`
	}
	err := c.DB.Get(ctx, &r, `SELECT s.set_id, s.made_by, s.made_at,
			(SELECT count(*) FROM recovery_codes c WHERE c.user_id = s.user_id AND c.used_at IS NULL) AS unused
		FROM recovery_sets s WHERE s.user_id = $1`, userID)
	if errors.Is(err, db.ErrNotFound) {
		return Set{}, nil
	}
	return Set{ID: r.ID, Left: r.Left, MadeAt: r.MadeAt.Time, MadeBy: r.MadeBy}, err
}

// replaceTx puts a new, empty set in the place of the former one. Two that do so at once
// wait for each other at the set's row, and the second finds another former one.
func replaceTx(tx *db.Tx, userID, former, id, by string, now time.Time) error {
	var err error
	if former == "" {
		err = tx.Must(ErrMoved, `INSERT INTO recovery_sets (user_id, set_id, made_by, made_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (user_id) DO NOTHING`, userID, id, by, db.At(now))
	} else {
		err = tx.Must(ErrMoved, "UPDATE recovery_sets SET set_id = $1, made_by = $2, made_at = $3 WHERE user_id = $4 AND set_id = $5",
			id, by, db.At(now), userID, former)
	}
	if err != nil {
		return err
	}
	_, err = tx.Exec("DELETE FROM recovery_codes WHERE user_id = $1", userID)
	return err
}

// insertTx reports whether the code was not there already.
func insertTx(tx *db.Tx, userID, set string, hash []byte) (bool, error) {
	n, err := tx.Exec("INSERT INTO recovery_codes (user_id, hash, set_id) VALUES ($1, $2, $3) ON CONFLICT (user_id, hash) DO NOTHING",
		userID, hash, set)
	return n == 1, err
}

func useTx(tx *db.Tx, userID string, hash []byte, now time.Time) (set string, err error) {
	err = tx.Get(&set, "UPDATE recovery_codes SET used_at = $1 WHERE user_id = $2 AND hash = $3 AND used_at IS NULL RETURNING set_id",
		db.At(now), userID, hash)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrWrong
	}
	return set, err
}

func countTx(tx *db.Tx, userID string) (n int, err error) {
	err = tx.Get(&n, "SELECT count(*) FROM recovery_codes WHERE user_id = $1 AND used_at IS NULL", userID)
	return n, err
}

func voidTx(tx *db.Tx) (users []string, err error) {
	if err := tx.Select(&users, "SELECT DISTINCT user_id FROM recovery_codes WHERE used_at IS NULL ORDER BY user_id"); err != nil {
		return nil, err
	}
	if _, err := tx.Exec("DELETE FROM recovery_codes"); err != nil {
		return nil, err
	}
	_, err = tx.Exec("DELETE FROM recovery_sets")
	return users, err
}
