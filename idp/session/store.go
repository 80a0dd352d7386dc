package session

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/random"
)

type row struct {
	ID        string
	SID       string
	UserID    string `db:"user_id"`
	Evidence  db.JSON[evidence.Evidence]
	Challenge sql.NullString `db:"challenge_id"`
	IP        string
	UserAgent string  `db:"user_agent"`
	CreatedAt db.Time `db:"created_at"`
	SeenAt    db.Time `db:"seen_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

func (r row) session() Session {
	return Session{
		ID: r.ID, SID: r.SID, UserID: r.UserID, Evidence: r.Evidence.V, Challenge: r.Challenge.String, IP: r.IP, UserAgent: r.UserAgent,
		CreatedAt: r.CreatedAt.Time, SeenAt: r.SeenAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

func (s *Sessions) insert(tx *db.Tx, n Session, token string) error {
	challenge := sql.NullString{String: n.Challenge, Valid: n.Challenge != ""}
	return tx.Must(ErrChallengeUsed, `INSERT INTO sessions
		(id, sid, issuer, epoch, token_hash, user_id, evidence, challenge_id, ip, user_agent, created_at, seen_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12) ON CONFLICT (challenge_id) DO NOTHING`,
		n.ID, n.SID, instance.MainIssuer, s.Epoch, random.Hash(token), n.UserID, db.JSON[evidence.Evidence]{V: n.Evidence},
		challenge, n.IP, n.UserAgent, db.At(n.CreatedAt), db.At(n.ExpiresAt))
}

func (s *Sessions) byToken(ctx context.Context, token string, now time.Time) (Session, error) {
	var r row
	err := s.DB.Get(ctx, &r, `SELECT s.id, s.sid, s.user_id, s.evidence, s.challenge_id, s.ip, s.user_agent, s.created_at, s.seen_at, s.expires_at
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.token_hash = $1 AND s.epoch = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND s.seen_at > $4 AND u.state = 'active'`,
		random.Hash(token), s.Epoch, db.At(now), db.At(now.Add(-s.idle())))
	return r.session(), none(err)
}

func (s *Sessions) ofUser(ctx context.Context, userID string, now time.Time) ([]Session, error) {
	var rows []row
	err := s.DB.Select(ctx, &rows, `SELECT id, sid, user_id, evidence, challenge_id, ip, user_agent, created_at, seen_at, expires_at
		FROM sessions WHERE user_id = $1 AND epoch = $2 AND ended_at IS NULL AND expires_at > $3 AND seen_at > $4
		ORDER BY created_at DESC, id`, userID, s.Epoch, db.At(now), db.At(now.Add(-s.idle())))
	return sessions(rows), err
}

// owner locks the session's row by an UPDATE that changes nothing.
func (s *Sessions) owner(tx *db.Tx, id string) (userID string, err error) {
	err = tx.Get(&userID, `UPDATE sessions SET ended_at = ended_at
		WHERE id = $1 AND epoch = $2 AND ended_at IS NULL RETURNING user_id`, id, s.Epoch)
	return userID, none(err)
}

func (s *Sessions) setToken(tx *db.Tx, id, token string) (userID string, err error) {
	err = tx.Get(&userID, `UPDATE sessions SET token_hash = $1
		WHERE id = $2 AND epoch = $3 AND ended_at IS NULL AND expires_at > $4 RETURNING user_id`,
		random.Hash(token), id, s.Epoch, db.At(s.now()))
	return userID, none(err)
}

func (s *Sessions) setSeen(tx *db.Tx, id string, now time.Time) error {
	_, err := tx.Exec(`UPDATE sessions SET seen_at = $1
		WHERE id = $2 AND ended_at IS NULL AND seen_at < $1 AND seen_at > $3`, db.At(now), id, db.At(now.Add(-s.idle())))
	return err
}

func (s *Sessions) setEnded(tx *db.Tx, id, reason string, now time.Time) (Session, error) {
	var r row
	err := tx.Get(&r, `UPDATE sessions SET ended_at = $1, end_reason = $2
		WHERE id = $3 AND epoch = $4 AND ended_at IS NULL
		RETURNING id, sid, user_id, evidence, challenge_id, ip, user_agent, created_at, seen_at, expires_at`,
		db.At(now), reason, id, s.Epoch)
	return r.session(), none(err)
}

func (s *Sessions) setAllEnded(tx *db.Tx, userID, except, reason string, now time.Time) ([]Session, error) {
	var rows []row
	err := tx.Select(&rows, `UPDATE sessions SET ended_at = $1, end_reason = $2
		WHERE user_id = $3 AND id <> $4 AND epoch = $5 AND ended_at IS NULL AND expires_at > $1
		RETURNING id, sid, user_id, evidence, challenge_id, ip, user_agent, created_at, seen_at, expires_at`,
		db.At(now), reason, userID, except, s.Epoch)
	return sessions(rows), err
}

// hold locks the rows by an UPDATE that changes nothing: PostgreSQL then makes
// whoever ends the session wait, and SQLite has one writer anyway.
func (s *Sessions) hold(tx *db.Tx, sid string, now time.Time) error {
	n, err := tx.Exec(`UPDATE sessions SET seen_at = seen_at
		WHERE sid = $1 AND epoch = $2 AND ended_at IS NULL AND expires_at > $3`, sid, s.Epoch, db.At(now))
	if err == nil && n == 0 {
		return ErrNone
	}
	return err
}

func (s *Sessions) deleteExpired(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM sessions WHERE id IN
		(SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)`, db.At(now), limit)
}

func sessions(rows []row) []Session {
	all := make([]Session, len(rows))
	for i, r := range rows {
		all[i] = r.session()
	}
	return all
}

func none(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return ErrNone
	}
	return err
}
