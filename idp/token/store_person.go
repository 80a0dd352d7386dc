package token

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

type offlineRow struct {
	ClientID string `db:"client_id"`
	Since    db.Time
	UsedAt   db.Time `db:"used_at"`
}

func (t *Tokens) offlineOf(ctx context.Context, userID string, now time.Time) (rows []offlineRow, err error) {
	err = t.DB.Select(ctx, &rows, `SELECT g.client_id, MIN(g.created_at) AS since, MAX(r.created_at) AS used_at
		FROM grants g JOIN refresh_tokens r ON r.grant_id = g.id
		WHERE g.user_id = $1 AND g.user_id <> '' AND g.epoch = $2 AND g.offline AND g.revoked_at IS NULL AND g.expires_at > $3
		AND r.epoch = $2 AND r.rotated_at IS NULL AND r.idle_expires_at > $3 AND r.expires_at > $3
		GROUP BY g.client_id ORDER BY g.client_id`, userID, t.Epoch, db.At(now))
	return rows, err
}

type sessionClients struct {
	SID     string
	Clients int
}

func (t *Tokens) clientsBySession(ctx context.Context, userID string) (rows []sessionClients, err error) {
	err = t.DB.Select(ctx, &rows, `SELECT sid, COUNT(DISTINCT client_id) AS clients FROM codes
		WHERE user_id = $1 AND sid <> '' AND epoch = $2 AND used_at IS NOT NULL GROUP BY sid`, userID, t.Epoch)
	return rows, err
}

func (t *Tokens) setPersonRevoked(tx *db.Tx, userID, clientID, reason string, now time.Time) (all []grant, err error) {
	err = tx.Select(&all, `UPDATE grants SET revoked_at = $1, revoke_reason = $2
		WHERE user_id = $3 AND user_id <> '' AND client_id = $4 AND epoch = $5 AND revoked_at IS NULL AND expires_at > $1
		RETURNING id, client_id, user_id, sid, scopes, offline, evidence, created_at, expires_at`,
		db.At(now), reason, userID, clientID, t.Epoch)
	return all, err
}
