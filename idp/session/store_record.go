package session

import "github.com/nod-idp/nod/internal/db"

// RecordedTx returns every session of a person that is on record, those that ended as
// well.
func (s *Sessions) RecordedTx(tx *db.Tx, userID string) ([]Session, error) {
	var rows []row
	err := tx.Select(&rows, `SELECT id, sid, user_id, evidence, challenge_id, ip, user_agent, created_at, seen_at, expires_at
		FROM sessions WHERE user_id = $1 AND epoch = $2 ORDER BY created_at, id`, userID, s.Epoch)
	return sessions(rows), err
}
