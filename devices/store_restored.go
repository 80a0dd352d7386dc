package devices

import "github.com/nod-idp/nod/internal/db"

func restoreTx(tx *db.Tx, step int64) error {
	if _, err := tx.Exec("UPDATE devices SET typed_step = $1 WHERE typed_step < $1", step); err != nil {
		return err
	}
	_, err := tx.Exec("UPDATE device_notices SET next_at = NULL WHERE next_at IS NOT NULL")
	return err
}
