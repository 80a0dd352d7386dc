package mfa

import (
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// overRow is a challenge that has just been marked as expired.
type overRow struct {
	ID       string
	UserID   string `db:"user_id"`
	ClientID string `db:"client_id"`
}

// overTx marks challenges that were not answered, or not finished, in time. That
// they are not verified is said twice for the sake of the index.
func overTx(tx *db.Tx, now time.Time, limit int) (all []overRow, err error) {
	err = tx.Select(&all, `UPDATE challenges SET state = 'expired', passcode = NULL
		WHERE state IN ('pending', 'approved') AND id IN (SELECT id FROM challenges
			WHERE state <> 'verified' AND (state = 'pending' AND expires_at <= $1 OR state = 'approved' AND finish_by <= $1)
			LIMIT $2)
		RETURNING id, user_id, client_id`, db.At(now), limit)
	return all, err
}

func overOfTx(tx *db.Tx, userID string, now time.Time) (all []overRow, err error) {
	err = tx.Select(&all, `UPDATE challenges SET state = 'expired', passcode = NULL
		WHERE user_id = $1 AND state = 'pending' AND expires_at <= $2
		RETURNING id, user_id, client_id`, userID, db.At(now))
	return all, err
}

func forgetChallengesTx(tx *db.Tx, now time.Time, limit int) (int64, error) {
	n, err := tx.Exec(`DELETE FROM challenges WHERE id IN (SELECT id FROM challenges
		WHERE state <> 'verified' AND expires_at < $1 ORDER BY expires_at LIMIT $2)`,
		db.At(now.Add(-challengeKept)), limit)
	if err != nil {
		return 0, err
	}
	m, err := tx.Exec(`DELETE FROM challenges WHERE id IN (SELECT id FROM challenges
		WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, db.At(now.Add(-memoryKept)), limit)
	return n + m, err
}

// forgetBudgetsTx leaves the budget of unknown browsers alone: a pause ends by a
// second factor and not by waiting.
func forgetBudgetsTx(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM prompt_budgets WHERE (user_id, scope) IN (SELECT user_id, scope FROM prompt_budgets
		WHERE scope <> $1 AND last_at < $2 LIMIT $3)`, unknownBrowsers, db.At(now.Add(-memoryKept)), limit)
}
