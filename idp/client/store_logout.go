package client

import (
	"errors"

	"github.com/nod-idp/nod/internal/db"
)

// HearsOfLogoutTx reports whether a client wants to be told when sessions end (OpenID
// Connect Back-Channel Logout 1.0). It is read from the row, since a transaction is under
// way.
func HearsOfLogoutTx(tx *db.Tx, id string) (bool, error) {
	var uri string
	err := tx.Get(&uri, "SELECT backchannel_logout_uri FROM clients WHERE id = $1 AND state = 'active'", id)
	if errors.Is(err, db.ErrNotFound) {
		return false, nil
	}
	return uri != "", err
}
