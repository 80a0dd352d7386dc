package session

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

func (s *Sessions) insertParticipant(tx *db.Tx, sid, clientID string, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO session_clients (sid, client_id, epoch, joined_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
		sid, clientID, s.Epoch, db.At(now))
	return err
}

func (s *Sessions) setParted(tx *db.Tx, sid string, now time.Time) (clients []string, err error) {
	err = tx.Select(&clients, `UPDATE session_clients SET ended_at = $1
		WHERE sid = $2 AND epoch = $3 AND ended_at IS NULL RETURNING client_id`, db.At(now), sid, s.Epoch)
	return clients, err
}

func (s *Sessions) participantsLeft(ctx context.Context, sid string, since time.Time) (clients []string, err error) {
	err = s.DB.Select(ctx, &clients, `SELECT client_id FROM session_clients
		WHERE sid = $1 AND epoch = $2 AND ended_at > $3 ORDER BY client_id`, sid, s.Epoch, db.At(since))
	return clients, err
}

// deleteParticipants goes before deleteExpired and looks at the same sessions.
func (s *Sessions) deleteParticipants(tx *db.Tx, now time.Time, limit int) error {
	_, err := tx.Exec(`DELETE FROM session_clients
		WHERE sid IN (SELECT sid FROM sessions WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)
		AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.sid = session_clients.sid AND s.expires_at >= $1)`, db.At(now), limit)
	return err
}
