package session

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

func (s *Sessions) insertBrowser(tx *db.Tx, id, userID, token, ip, userAgent string, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO browsers (id, epoch, token_hash, user_id, ip, user_agent, created_at, seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)`,
		id, s.Epoch, random.Hash(token), userID, ip, userAgent, db.At(now), db.At(now.Add(s.known())))
	return err
}

func (s *Sessions) prolongBrowser(tx *db.Tx, userID, token, ip, userAgent string, now time.Time) (found bool, err error) {
	n, err := tx.Exec(`UPDATE browsers SET seen_at = $1, expires_at = $2, ip = $3, user_agent = $4
		WHERE token_hash = $5 AND user_id = $6 AND epoch = $7 AND expires_at > $1`,
		db.At(now), db.At(now.Add(s.known())), ip, userAgent, random.Hash(token), userID, s.Epoch)
	return n == 1, err
}

func (s *Sessions) moveBrowsers(tx *db.Tx, from, to string, now time.Time) error {
	_, err := tx.Exec("UPDATE browsers SET token_hash = $1 WHERE token_hash = $2 AND epoch = $3 AND expires_at > $4",
		random.Hash(to), random.Hash(from), s.Epoch, db.At(now))
	return err
}

func (s *Sessions) browser(get func(any, string, ...any) error, userID, token string, now time.Time) (id string, known bool, err error) {
	err = get(&id, "SELECT id FROM browsers WHERE token_hash = $1 AND user_id = $2 AND epoch = $3 AND expires_at > $4",
		random.Hash(token), userID, s.Epoch, db.At(now))
	if errors.Is(err, db.ErrNotFound) {
		return "", false, nil
	}
	return id, err == nil, err
}

func (s *Sessions) waive(tx *db.Tx, userID, token string, until time.Time) error {
	_, err := tx.Exec("UPDATE browsers SET waived_until = $1 WHERE token_hash = $2 AND user_id = $3 AND epoch = $4",
		db.At(until), random.Hash(token), userID, s.Epoch)
	return err
}

func (s *Sessions) unwaive(tx *db.Tx, userID string) (int64, error) {
	return tx.Exec("UPDATE browsers SET waived_until = NULL WHERE user_id = $1 AND waived_until IS NOT NULL", userID)
}

func (s *Sessions) waived(ctx context.Context, userID, id string, now time.Time) (yes bool, err error) {
	err = s.DB.Get(ctx, &yes, `SELECT EXISTS (SELECT 1 FROM browsers
		WHERE id = $1 AND user_id = $2 AND epoch = $3 AND expires_at > $4 AND waived_until > $4)`, id, userID, s.Epoch, db.At(now))
	return yes, err
}

func (s *Sessions) deleteBrowsers(tx *db.Tx, userID string) (int64, error) {
	return tx.Exec("DELETE FROM browsers WHERE user_id = $1", userID)
}

func (s *Sessions) deleteExpiredBrowsers(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM browsers WHERE id IN
		(SELECT id FROM browsers WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, db.At(now), limit)
}
