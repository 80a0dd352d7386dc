package token

import (
	"time"

	"github.com/nod-idp/nod/internal/db"
)

func (t *Tokens) setRevokedSince(tx *db.Tx, sid string, since time.Time, reason string, now time.Time) (all []grant, err error) {
	err = tx.Select(&all, `UPDATE grants SET revoked_at = $1, revoke_reason = $2
		WHERE sid = $3 AND sid <> '' AND created_at > $4 AND epoch = $5 AND revoked_at IS NULL AND expires_at > $1
		RETURNING id, client_id, user_id, sid, scopes, offline, evidence, created_at, expires_at`, db.At(now), reason, sid, db.At(since), t.Epoch)
	return all, err
}
