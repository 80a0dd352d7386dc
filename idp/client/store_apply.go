package client

import "github.com/nod-idp/nod/internal/db"

func activeIDs(tx *db.Tx) (ids []string, err error) {
	err = tx.Select(&ids, "SELECT id FROM clients WHERE state = 'active' ORDER BY id")
	return ids, err
}
