package token

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/random"
)

// refreshRow is a refresh token with its grant and the states of whom it concerns.
type refreshRow struct {
	grant
	RevokedAt        db.Time `db:"revoked_at"`
	IdleExpiresAt    db.Time `db:"idle_expires_at"`
	RefreshExpiresAt db.Time `db:"refresh_expires_at"`
	UserActive       bool    `db:"user_active"`
	ClientActive     bool    `db:"client_active"`
}

// insertRefresh stores the first refresh token of a family. Its absolute end is that
// of the grant.
func (t *Tokens) insertRefresh(tx *db.Tx, g grant, token string, now time.Time) error {
	return t.insertRefreshUntil(tx, g, token, g.ExpiresAt.Time, now)
}

func (t *Tokens) insertSuccessor(tx *db.Tx, parent refreshRow, token string, now time.Time) error {
	return t.insertRefreshUntil(tx, parent.grant, token, parent.RefreshExpiresAt.Time, now)
}

func (t *Tokens) insertRefreshUntil(tx *db.Tx, g grant, token string, expires, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO refresh_tokens (hash, issuer, epoch, grant_id, client_id, created_at, idle_expires_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		random.Hash(token), instance.MainIssuer, t.Epoch, g.ID, g.ClientID, db.At(now), db.At(earlier(now.Add(t.refreshIdle()), expires)), db.At(expires))
	return err
}

// refreshByHash reads a refresh token whatever became of it, used ones included. It
// reads the states of users and clients, which their own packages write.
func (t *Tokens) refreshByHash(tx *db.Tx, token string) (r refreshRow, err error) {
	err = tx.Get(&r, `SELECT g.id, g.client_id, g.user_id, g.sid, g.scopes, g.claims, g.offline, g.evidence, g.dpop_jkt, g.resources,
		g.created_at, g.expires_at,
		g.revoked_at, r.idle_expires_at, r.expires_at AS refresh_expires_at,
		COALESCE(u.state = 'active', g.user_id = '') AS user_active, COALESCE(c.state = 'active', FALSE) AS client_active
		FROM refresh_tokens r
		JOIN grants g ON g.id = r.grant_id
		LEFT JOIN users u ON u.id = g.user_id
		LEFT JOIN clients c ON c.id = g.client_id
		WHERE r.hash = $1 AND r.epoch = $2 AND g.epoch = $2`, random.Hash(token), t.Epoch)
	return r, err
}

// rotateRefresh uses a refresh token up. It returns false when it was used before.
func (t *Tokens) rotateRefresh(tx *db.Tx, parent, successor string, now time.Time) (first bool, err error) {
	n, err := tx.Exec(`UPDATE refresh_tokens SET rotated_at = $1, successor_hash = $2
		WHERE hash = $3 AND epoch = $4 AND rotated_at IS NULL`, db.At(now), random.Hash(successor), random.Hash(parent), t.Epoch)
	return n == 1, err
}

// mayRepeat reports whether a used refresh token was used after since, and its
// successor not yet.
func (t *Tokens) mayRepeat(tx *db.Tx, parent, successor string, since time.Time) (bool, error) {
	var one int
	err := tx.Get(&one, `SELECT 1 FROM refresh_tokens p JOIN refresh_tokens s ON s.hash = p.successor_hash
		WHERE p.hash = $1 AND s.hash = $2 AND p.epoch = $3 AND s.epoch = $3 AND p.rotated_at >= $4 AND s.rotated_at IS NULL`,
		random.Hash(parent), random.Hash(successor), t.Epoch, db.At(since))
	if errors.Is(err, db.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// prolongRefresh keeps a refresh token that does not rotate alive. It returns false
// when the token was rotated before.
func (t *Tokens) prolongRefresh(tx *db.Tx, token string, idle time.Time) (kept bool, err error) {
	n, err := tx.Exec("UPDATE refresh_tokens SET idle_expires_at = $1 WHERE hash = $2 AND epoch = $3 AND rotated_at IS NULL",
		db.At(idle), random.Hash(token), t.Epoch)
	return n == 1, err
}

// liveRefresh reads a refresh token that its client could use now.
func (t *Tokens) liveRefresh(ctx context.Context, token, clientID string, now time.Time) (Access, error) {
	var r accessRow
	err := t.DB.Get(ctx, &r, `SELECT g.id AS id, g.id AS grant_id, g.client_id, g.user_id, g.sid, g.scopes, g.evidence,
		g.dpop_jkt, g.resources, r.created_at, r.idle_expires_at AS expires_at
		FROM refresh_tokens r
		JOIN grants g ON g.id = r.grant_id
		JOIN clients c ON c.id = g.client_id
		LEFT JOIN users u ON u.id = g.user_id
		WHERE r.hash = $1 AND r.client_id = $2 AND r.epoch = $3 AND r.idle_expires_at > $4 AND r.expires_at > $4 AND r.rotated_at IS NULL
		AND g.epoch = $3 AND g.revoked_at IS NULL AND c.state = 'active' AND (g.user_id = '' OR u.state = 'active')`,
		random.Hash(token), clientID, t.Epoch, db.At(now))
	return r.access(), err
}

func (t *Tokens) deleteRefresh(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM refresh_tokens WHERE hash IN
		(SELECT hash FROM refresh_tokens WHERE idle_expires_at < $1 ORDER BY idle_expires_at LIMIT $2)`, db.At(now), limit)
}
