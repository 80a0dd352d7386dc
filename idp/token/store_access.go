package token

import (
	"context"
	"time"

	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/random"
)

type accessRow struct {
	ID        string
	GrantID   string `db:"grant_id"`
	ClientID  string `db:"client_id"`
	UserID    string `db:"user_id"`
	SID       string
	Scopes    db.Strings
	Claims    db.JSON[claims.Asked]
	Evidence  db.JSON[evidence.Evidence]
	JKT       string `db:"dpop_jkt"`
	Resources db.Strings
	CreatedAt db.Time `db:"created_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

func (r accessRow) access() Access {
	return Access{
		ID: r.ID, GrantID: r.GrantID, ClientID: r.ClientID, UserID: r.UserID, SID: r.SID, Scopes: r.Scopes.V, Claims: r.Claims.V, Evidence: r.Evidence.V,
		JKT: r.JKT, Resources: r.Resources.V,
		IssuedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}
}

// insertAccess returns ErrCodeIssued when this very token, derived from a login, was issued
// before.
func (t *Tokens) insertAccess(tx *db.Tx, g grant, handle string, a Access) error {
	return tx.Must(ErrCodeIssued, `INSERT INTO access_tokens
		(hash, id, issuer, epoch, grant_id, client_id, user_id, scopes, dpop_jkt, resources, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		random.Hash(handle), a.ID, instance.MainIssuer, t.Epoch, g.ID, g.ClientID, g.UserID, db.List(a.Scopes...), a.JKT, db.List(a.Resources...),
		db.At(a.IssuedAt), db.At(a.ExpiresAt))
}

// accessByHash is the hot path: one statement by primary keys. It reads the states of
// users and clients, which their own packages write.
func (t *Tokens) accessByHash(ctx context.Context, handle string, now time.Time) (Access, error) {
	var r accessRow
	err := t.DB.Get(ctx, &r, `SELECT a.id, a.grant_id, a.client_id, a.user_id, g.sid, a.scopes, g.claims, g.evidence,
		a.dpop_jkt, a.resources, a.created_at, a.expires_at
		FROM access_tokens a
		JOIN grants g ON g.id = a.grant_id
		JOIN clients c ON c.id = a.client_id
		LEFT JOIN users u ON u.id = a.user_id
		WHERE a.hash = $1 AND a.epoch = $2 AND a.expires_at > $3 AND a.revoked_at IS NULL
		AND g.epoch = $2 AND g.revoked_at IS NULL AND c.state = 'active' AND (a.user_id = '' OR u.state = 'active')`,
		random.Hash(handle), t.Epoch, db.At(now))
	return r.access(), err
}

func (t *Tokens) setAccessRevoked(tx *db.Tx, handle, clientID string, now time.Time) (Access, error) {
	var r accessRow
	err := tx.Get(&r, `UPDATE access_tokens SET revoked_at = $1
		WHERE hash = $2 AND client_id = $3 AND epoch = $4 AND revoked_at IS NULL AND expires_at > $1
		RETURNING id, grant_id, client_id, user_id`, db.At(now), random.Hash(handle), clientID, t.Epoch)
	return r.access(), err
}

func (t *Tokens) deleteAccess(tx *db.Tx, now time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM access_tokens WHERE hash IN
		(SELECT hash FROM access_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)`, db.At(now), limit)
}
