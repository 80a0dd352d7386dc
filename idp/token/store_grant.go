package token

import (
	"time"

	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
)

type grant struct {
	ID        string
	ClientID  string `db:"client_id"`
	UserID    string `db:"user_id"`
	SID       string
	Scopes    db.Strings
	Claims    db.JSON[claims.Asked]
	Offline   bool
	Evidence  db.JSON[evidence.Evidence]
	JKT       string `db:"dpop_jkt"` // of the key that its refresh tokens are bound to
	Resources db.Strings
	CreatedAt db.Time `db:"created_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

func (t *Tokens) insertGrant(tx *db.Tx, g grant) error {
	_, err := tx.Exec(`INSERT INTO grants (id, issuer, epoch, client_id, user_id, sid, scopes, offline, evidence, dpop_jkt, resources,
		created_at, expires_at, claims) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		g.ID, instance.MainIssuer, t.Epoch, g.ClientID, g.UserID, g.SID, g.Scopes, g.Offline, g.Evidence, g.JKT, g.Resources, g.CreatedAt, g.ExpiresAt,
		g.Claims)
	return err
}

func (t *Tokens) setGrantRevoked(tx *db.Tx, id, reason string, now time.Time) (g grant, err error) {
	err = tx.Get(&g, `UPDATE grants SET revoked_at = $1, revoke_reason = $2
		WHERE id = $3 AND epoch = $4 AND revoked_at IS NULL
		RETURNING id, client_id, user_id, sid, scopes, offline, evidence, created_at, expires_at`, db.At(now), reason, id, t.Epoch)
	return g, err
}

func (t *Tokens) setSessionRevoked(tx *db.Tx, sid, reason string, now time.Time) (all []grant, err error) {
	err = tx.Select(&all, `UPDATE grants SET revoked_at = $1, revoke_reason = $2
		WHERE sid = $3 AND sid <> '' AND epoch = $4 AND revoked_at IS NULL AND expires_at > $1 AND NOT offline
		RETURNING id, client_id, user_id, sid, scopes, offline, evidence, created_at, expires_at`, db.At(now), reason, sid, t.Epoch)
	return all, err
}

func (t *Tokens) setUserRevoked(tx *db.Tx, userID, reason string, now time.Time) (all []grant, err error) {
	err = tx.Select(&all, `UPDATE grants SET revoked_at = $1, revoke_reason = $2
		WHERE user_id = $3 AND user_id <> '' AND epoch = $4 AND revoked_at IS NULL AND expires_at > $1
		RETURNING id, client_id, user_id, sid, scopes, offline, evidence, created_at, expires_at`, db.At(now), reason, userID, t.Epoch)
	return all, err
}

func (t *Tokens) setClientRevoked(tx *db.Tx, clientID, reason string, now time.Time) (all []grant, err error) {
	err = tx.Select(&all, `UPDATE grants SET revoked_at = $1, revoke_reason = $2
		WHERE client_id = $3 AND epoch = $4 AND revoked_at IS NULL AND expires_at > $1
		RETURNING id, client_id, user_id, sid, scopes, offline, evidence, created_at, expires_at`, db.At(now), reason, clientID, t.Epoch)
	return all, err
}

// deleteGrants takes tokens of the grants along, by their foreign keys.
func (t *Tokens) deleteGrants(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM grants WHERE id IN
		(SELECT id FROM grants WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, db.At(now), limit)
}
