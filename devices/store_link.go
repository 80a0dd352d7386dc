package devices

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// readEnrolmentOf finds an enrolment of the person, whatever became of it.
func (s *Devices) readEnrolmentOf(ctx context.Context, id, userID string) (e enrolment, err error) {
	err = s.DB.Get(ctx, &e, "SELECT "+enrolmentColumns+" FROM enrolments WHERE id = $1 AND epoch = $2 AND user_id = $3",
		id, s.Epoch, userID)
	return e, err
}

func (s *Devices) readUnfinishedTx(tx *db.Tx, id, userID string, now time.Time) (e enrolment, err error) {
	err = tx.Get(&e, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE id = $1 AND epoch = $2 AND user_id = $3 AND state IN ('open', 'claimed', 'proved') AND expires_at > $4`,
		id, s.Epoch, userID, db.At(now))
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNotWaiting
	}
	return e, err
}

// openLinksTx lists the links that somebody made for a person and nobody has used.
func (s *Devices) openLinksTx(tx *db.Tx, userID, madeBy string, now time.Time) (list []enrolment, err error) {
	err = tx.Select(&list, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE user_id = $1 AND epoch = $2 AND made_by = $3 AND state = 'open' AND expires_at > $4 ORDER BY created_at, id`,
		userID, s.Epoch, madeBy, db.At(now))
	return list, err
}

func hasGuardTx(tx *db.Tx, userID string) (has bool, err error) {
	err = tx.Get(&has, "SELECT EXISTS (SELECT 1 FROM devices WHERE user_id = $1 AND state IN ('active', 'suspended'))", userID)
	return has, err
}
