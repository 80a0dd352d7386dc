package devices

import (
	"time"

	"github.com/nod-idp/nod/internal/db"
)

func setSnooze(tx *db.Tx, userID, id string, until time.Time) error {
	return tx.Must(ErrNotFound, "UPDATE devices SET snoozed_until = $1 WHERE id = $2 AND user_id = $3 AND state = 'active'",
		db.At(until), id, userID)
}

func setSeenIP(tx *db.Tx, id, ip string) error {
	_, err := tx.Exec("UPDATE devices SET seen_ip = $1 WHERE id = $2", ip, id)
	return err
}
