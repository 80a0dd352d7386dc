package reset

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// row is a row of password_resets.
type row struct {
	ID        string
	UserID    string `db:"user_id"`
	CodeHash  []byte `db:"code_hash"`
	Former    []byte
	MadeBy    string `db:"made_by"`
	Epoch     int64
	MadeAt    db.Time `db:"made_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

func (r row) reset() Reset {
	return Reset{ID: r.ID, UserID: r.UserID, MadeBy: r.MadeBy, MadeAt: r.MadeAt.Time, ExpiresAt: r.ExpiresAt.Time}
}

func insertTx(tx *db.Tx, r row) (made bool, err error) {
	n, err := tx.Exec(`INSERT INTO password_resets (id, user_id, code_hash, former, made_by, epoch, made_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		r.ID, r.UserID, r.CodeHash, r.Former, r.MadeBy, r.Epoch, r.MadeAt, r.ExpiresAt)
	return n == 1, err
}

func countTx(tx *db.Tx, userID, madeBy string, since time.Time) (n int, err error) {
	err = tx.Get(&n, "SELECT count(*) FROM password_resets WHERE user_id = $1 AND made_by = $2 AND made_at > $3", userID, madeBy, db.At(since))
	return n, err
}

// openTx uses a code up. It returns ErrNone if there is nothing to open.
func openTx(tx *db.Tx, code, ticket []byte, epoch int64, now time.Time) (r row, err error) {
	err = tx.Get(&r, `UPDATE password_resets SET opened_at = $1, ticket_hash = $2
		WHERE code_hash = $3 AND opened_at IS NULL AND ended_at IS NULL AND expires_at > $1 AND epoch = $4
		RETURNING id, user_id, code_hash, former, made_by, epoch, made_at, expires_at`, db.At(now), ticket, code, epoch)
	return r, orNone(err)
}

func (s *Resets) readByTicket(ctx context.Context, ticket []byte, now time.Time) (r row, err error) {
	err = s.DB.Get(ctx, &r, `SELECT id, user_id, code_hash, former, made_by, epoch, made_at, expires_at FROM password_resets
		WHERE ticket_hash = $1 AND ended_at IS NULL AND expires_at > $2 AND epoch = $3`, ticket, db.At(now), s.Epoch)
	return r, orNone(err)
}

// useTx uses a ticket up. It returns ErrNone if there is none.
func useTx(tx *db.Tx, ticket []byte, epoch int64, now time.Time) (r row, err error) {
	err = tx.Get(&r, `UPDATE password_resets SET ended_at = $1
		WHERE ticket_hash = $2 AND ended_at IS NULL AND expires_at > $1 AND epoch = $3
		RETURNING id, user_id, code_hash, former, made_by, epoch, made_at, expires_at`, db.At(now), ticket, epoch)
	return r, orNone(err)
}

func voidTx(tx *db.Tx, userID string, now time.Time) error {
	_, err := tx.Exec("UPDATE password_resets SET ended_at = $1 WHERE user_id = $2 AND ended_at IS NULL", db.At(now), userID)
	return err
}

func forgetTx(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM password_resets WHERE id IN
		(SELECT id FROM password_resets WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2)`, db.At(before), limit)
}

func orNone(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return ErrNone
	}
	return err
}
