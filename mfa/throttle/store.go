package throttle

import (
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

type countRow struct {
	Failures     int
	BlockedUntil db.Time `db:"blocked_until"`
}

// lockTx reads a count and holds its row until the transaction ends, making it
// when it is missing.
func lockTx(tx *db.Tx, account, scope string, now time.Time) (r countRow, err error) {
	err = tx.Get(&r, `INSERT INTO guesses (account, scope, failures, last_at, blocked_until) VALUES ($1, $2, 0, $3, 0)
		ON CONFLICT (account, scope) DO UPDATE SET last_at = excluded.last_at
		RETURNING failures, blocked_until`, account, scope, db.At(now))
	return r, err
}

func findTx(tx *db.Tx, account, scope string) (r countRow, err error) {
	err = tx.Get(&r, "SELECT failures, blocked_until FROM guesses WHERE account = $1 AND scope = $2", account, scope)
	if errors.Is(err, db.ErrNotFound) {
		return countRow{}, nil
	}
	return r, err
}

// countStaleTx turns attempts that nobody will settle any more into failures.
func countStaleTx(tx *db.Tx, t Target, failures int, now time.Time) (int, error) {
	n, err := tx.Exec("DELETE FROM attempts WHERE account = $1 AND scope = $2 AND created_at < $3",
		t.account(), t.capScope(), db.At(now.Add(-stale)))
	if err != nil || n == 0 {
		return failures, err
	}
	_, err = tx.Exec("UPDATE guesses SET failures = failures + $1 WHERE account = $2 AND scope = $3",
		n, t.account(), t.capScope())
	return failures + int(n), err
}

func openAttemptsTx(tx *db.Tx, t Target) (n int, err error) {
	err = tx.Get(&n, "SELECT count(*) FROM attempts WHERE account = $1 AND scope = $2", t.account(), t.capScope())
	return n, err
}

func insertAttemptTx(tx *db.Tx, a Attempt, now time.Time) error {
	_, err := tx.Exec("INSERT INTO attempts (id, account, scope, created_at) VALUES ($1, $2, $3, $4)",
		a.id, a.target.account(), a.target.capScope(), db.At(now))
	return err
}

func deleteAttemptTx(tx *db.Tx, id string) error {
	_, err := tx.Exec("DELETE FROM attempts WHERE id = $1", id)
	return err
}

func failTx(tx *db.Tx, account, scope string, now time.Time) (failures int, err error) {
	err = tx.Get(&failures, `INSERT INTO guesses (account, scope, failures, last_at, blocked_until) VALUES ($1, $2, 1, $3, 0)
		ON CONFLICT (account, scope) DO UPDATE SET failures = guesses.failures + 1, last_at = excluded.last_at
		RETURNING failures`, account, scope, db.At(now))
	return failures, err
}

func blockTx(tx *db.Tx, account, scope string, until time.Time) error {
	_, err := tx.Exec("UPDATE guesses SET blocked_until = $1 WHERE account = $2 AND scope = $3", db.At(until), account, scope)
	return err
}

func forgetTx(tx *db.Tx, account, scope string) error {
	_, err := tx.Exec("DELETE FROM guesses WHERE account = $1 AND scope = $2", account, scope)
	return err
}

func forgetAllTx(tx *db.Tx, account string) error {
	if _, err := tx.Exec("DELETE FROM attempts WHERE account = $1", account); err != nil {
		return err
	}
	_, err := tx.Exec("DELETE FROM guesses WHERE account = $1", account)
	return err
}

func sweepTx(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM guesses WHERE (account, scope) IN (SELECT account, scope FROM guesses
		WHERE last_at < $1 AND failures < $2 ORDER BY last_at LIMIT $3)`, db.At(before), capFailures, limit)
}
