package outbox

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// row is a row of outbox.
type row struct {
	ID        string
	Kind      string
	Label     string
	UserID    string `db:"user_id"`
	Payload   []byte
	State     string
	Attempts  int
	Failure   string
	MadeAt    db.Time `db:"made_at"`
	NextAt    db.Time `db:"next_at"`
	ExpiresAt db.Time `db:"expires_at"`
	DoneAt    db.Time `db:"done_at"`
}

func insertTx(tx *db.Tx, r row) error {
	_, err := tx.Exec(`INSERT INTO outbox (id, kind, label, user_id, payload, state, made_at, next_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, 'waiting', $6, $7, $8) ON CONFLICT DO NOTHING`,
		r.ID, r.Kind, r.Label, r.UserID, r.Payload, r.MadeAt, r.NextAt, r.ExpiresAt)
	return err
}

func (o *Outbox) readDue(ctx context.Context, now time.Time, limit int) (due []row, err error) {
	err = o.DB.Select(ctx, &due, `SELECT id, kind, label, user_id, payload, state, attempts, failure, made_at, next_at, expires_at, done_at
		FROM outbox WHERE next_at <= $1 ORDER BY next_at, id LIMIT $2`, db.At(now), limit)
	return due, err
}

func (o *Outbox) readNewest(ctx context.Context, limit int) (rows []row, err error) {
	err = o.DB.Select(ctx, &rows, `SELECT id, kind, label, user_id, state, attempts, failure, made_at, next_at, expires_at, done_at
		FROM outbox ORDER BY made_at DESC, id LIMIT $1`, limit)
	return rows, err
}

// claimTx takes a message until a moment; if whoever took it is gone by then, it is due
// again. It returns false if another node was faster.
func claimTx(tx *db.Tx, r row, until time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE outbox SET next_at = $1, attempts = attempts + 1
		WHERE id = $2 AND next_at = $3 AND attempts = $4 AND state = 'waiting'`, db.At(until), r.ID, r.NextAt, r.Attempts)
	return n == 1, err
}

// againTx notes that a message was not delivered and when it is tried again. Of one that
// somebody else has claimed since, nothing is noted, here and in overTx.
func againTx(tx *db.Tx, r row, failure string, next time.Time) error {
	_, err := tx.Exec("UPDATE outbox SET next_at = $1, failure = $2 WHERE id = $3 AND attempts = $4 AND state = 'waiting'",
		db.At(next), failure, r.ID, r.Attempts)
	return err
}

// overTx ends a message. Only one that is dead keeps its payload, to be tried again.
func overTx(tx *db.Tx, r row, to State, failure string, now time.Time) (bool, error) {
	payload := r.Payload
	if to != Dead {
		payload = []byte{}
	}
	n, err := tx.Exec(`UPDATE outbox SET state = $1, failure = $2, payload = $3, done_at = $4, next_at = NULL
		WHERE id = $5 AND attempts = $6 AND state = 'waiting'`, string(to), failure, payload, db.At(now), r.ID, r.Attempts)
	return n == 1, err
}

// reviveTx returns whom a dead message concerns, and makes it wait again.
func reviveTx(tx *db.Tx, id string, now, until time.Time) (userID string, err error) {
	err = tx.Get(&userID, `UPDATE outbox SET state = 'waiting', next_at = $1, expires_at = $2, done_at = NULL, attempts = 0
		WHERE id = $3 AND state = 'dead' RETURNING user_id`, db.At(now), db.At(until), id)
	return userID, err
}

func forgetTx(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM outbox WHERE id IN
		(SELECT id FROM outbox WHERE done_at <= $1 ORDER BY done_at, id LIMIT $2)`, db.At(before), limit)
}

func restoreTx(tx *db.Tx, now time.Time) (int64, error) {
	return tx.Exec(`UPDATE outbox SET state = 'dropped', failure = 'the database was restored', payload = $1, done_at = $2, next_at = NULL
		WHERE state IN ('waiting', 'dead')`, []byte{}, db.At(now))
}

func (o *Outbox) readDepth(ctx context.Context) (waiting int, oldest db.Time, dead int, err error) {
	var w struct {
		N      int
		Oldest db.Time
	}
	if err = o.DB.Get(ctx, &w, "SELECT COUNT(*) AS n, MIN(made_at) AS oldest FROM outbox WHERE next_at IS NOT NULL"); err != nil {
		return 0, db.Time{}, 0, err
	}
	err = o.DB.Get(ctx, &dead, "SELECT COUNT(*) FROM outbox WHERE state = 'dead'")
	return w.N, w.Oldest, dead, err
}
