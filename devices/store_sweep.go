package devices

import (
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// The sweep looks at enrolments of every epoch: those from before a restore are
// over as well, and their half-made devices must not stay.

func overdueEnrolments(tx *db.Tx, now time.Time, limit int) (list []enrolment, err error) {
	err = tx.Select(&list, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE state IN ('open', 'claimed', 'proved') AND expires_at <= $1 ORDER BY expires_at LIMIT $2`, db.At(now), limit)
	return list, err
}

// expireEnrolment returns 0 if another node was first.
func expireEnrolment(tx *db.Tx, e enrolment) (int64, error) {
	return tx.Exec("UPDATE enrolments SET state = 'expired' WHERE id = $1 AND state = $2", e.ID, e.State)
}

// forgetEnrolments deletes rows that nobody asks about any more, and devices that
// never became active with them.
func forgetEnrolments(tx *db.Tx, before time.Time, limit int) (int64, error) {
	if _, err := tx.Exec(`DELETE FROM devices WHERE state = 'removed' AND activated_at IS NULL AND id IN
		(SELECT device_id FROM enrolments WHERE state NOT IN ('open', 'claimed', 'proved') AND expires_at <= $1
			ORDER BY expires_at, id LIMIT $2)`, db.At(before), limit); err != nil {
		return 0, err
	}
	return tx.Exec(`DELETE FROM enrolments WHERE id IN
		(SELECT id FROM enrolments WHERE state NOT IN ('open', 'claimed', 'proved') AND expires_at <= $1
			ORDER BY expires_at, id LIMIT $2)`, db.At(before), limit)
}
