package mfa

import "github.com/nod-idp/nod/internal/db"

func restoreTx(tx *db.Tx) error {
	_, err := tx.Exec("UPDATE challenges SET state = 'withdrawn', passcode = NULL WHERE state IN ('pending', 'approved')")
	return err
}
