package token

import (
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// RevokeSinceTx takes back what clients were given under a session, by its SID, after a
// moment, and the grants with offline_access too: a refresh token that a thief got would
// else outlive the session it came from.
func (t *Tokens) RevokeSinceTx(tx *db.Tx, sid string, since time.Time, reason string) error {
	all, err := t.setRevokedSince(tx, sid, since, reason, t.now())
	return t.recordAllTx(tx, all, reason, err)
}
