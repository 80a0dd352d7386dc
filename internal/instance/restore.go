package instance

import (
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// RestoreTx raises the epoch of an installation whose rows come from a backup, and returns
// it as it is from now on. It returns ErrWrongKey if the keys do not belong to it.
//
// The new epoch is the time in seconds, where that is more than the old one and one: when
// the same backup is restored twice, what was issued after the first time is void after
// the second.
func RestoreTx(tx *db.Tx, keys seal.Keys, now time.Time) (*Instance, error) {
	var r row
	if err := tx.Get(&r, selectRow); err != nil {
		return nil, fmt.Errorf("restore instance: %w", err)
	}
	r.Epoch, r.RestoredAt = max(r.Epoch+1, now.Unix()), db.At(now)
	in, err := r.open(keys)
	if err != nil {
		return nil, err
	}
	if err := tx.Must(db.ErrNotFound, "UPDATE instance SET epoch = $1, restored_at = $2 WHERE one = 1", r.Epoch, r.RestoredAt); err != nil {
		return nil, fmt.Errorf("restore instance: %w", err)
	}
	return in, tx.ForgetLeases()
}
