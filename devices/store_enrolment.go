package devices

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

const enrolmentColumns = "id, user_id, state, confirm, device_id, question, tries, made_by, rule, created_at, expires_at"

// enrolment is one row: a link, and what became of it.
type enrolment struct {
	ID        string
	UserID    string `db:"user_id"`
	State     string
	Confirm   bool
	DeviceID  *string `db:"device_id"`
	Question  []byte
	Tries     int
	MadeBy    string `db:"made_by"`
	Rule      Rule
	CreatedAt db.Time `db:"created_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

// The states of an enrolment.
const (
	linkOpen         = "open"    // nobody has used the link
	enrolmentClaimed = "claimed" // a key has
	enrolmentProved  = "proved"  // and has proved a passcode; the person is to confirm
	enrolmentActive  = "active"
	enrolmentRefused = "refused"
	enrolmentExpired = "expired"
)

func (e enrolment) over(now time.Time) bool { return !now.Before(e.ExpiresAt.Time) }

func (s *Devices) insertLink(tx *db.Tx, e enrolment, hash []byte) error {
	_, err := tx.Exec(`INSERT INTO enrolments (id, epoch, user_id, token_hash, state, confirm, made_by, rule, created_at, expires_at)
		VALUES ($1, $2, $3, $4, 'open', $5, $6, $7, $8, $9)`,
		e.ID, s.Epoch, e.UserID, hash, e.Confirm, e.MadeBy, string(e.Rule), e.CreatedAt, e.ExpiresAt)
	return err
}

func (s *Devices) readLink(ctx context.Context, hash []byte) (e enrolment, err error) {
	err = s.DB.Get(ctx, &e, "SELECT "+enrolmentColumns+" FROM enrolments WHERE token_hash = $1 AND epoch = $2", hash, s.Epoch)
	return e, err
}

// readEnrolment finds the enrolment of a device; ErrNotWaiting if there is none.
func (s *Devices) readEnrolment(ctx context.Context, deviceID string) (e enrolment, err error) {
	err = s.DB.Get(ctx, &e, "SELECT "+enrolmentColumns+" FROM enrolments WHERE device_id = $1 AND epoch = $2", deviceID, s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNotWaiting
	}
	return e, err
}

// claimLink gives the link to one device. Whoever comes second, or too late, or
// with a link from before a restore, finds no such row.
func (s *Devices) claimLink(tx *db.Tx, otherwise error, e enrolment, deviceID string, question []byte, until, now time.Time) error {
	return tx.Must(otherwise, `UPDATE enrolments SET state = 'claimed', device_id = $1, question = $2, expires_at = $3
		WHERE id = $4 AND epoch = $5 AND state = 'open' AND expires_at > $6`,
		deviceID, question, db.At(until), e.ID, s.Epoch, db.At(now))
}

// moveEnrolment takes an enrolment that is not over from one state to the next.
func (s *Devices) moveEnrolment(tx *db.Tx, e enrolment, to string, now time.Time) error {
	return tx.Must(ErrNotWaiting, `UPDATE enrolments SET state = $1
		WHERE id = $2 AND epoch = $3 AND user_id = $4 AND state = $5 AND expires_at > $6`,
		to, e.ID, s.Epoch, e.UserID, e.State, db.At(now))
}

// countTry counts a wrong passcode and returns how many there are now.
func (s *Devices) countTry(tx *db.Tx, e enrolment) (tries int, err error) {
	err = tx.Get(&tries, `UPDATE enrolments SET tries = tries + 1
		WHERE id = $1 AND epoch = $2 AND state = 'claimed' RETURNING tries`, e.ID, s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNotWaiting
	}
	return tries, err
}

// refuseEnrolmentOf ends the enrolment of a device that is removed meanwhile.
func (s *Devices) refuseEnrolmentOf(tx *db.Tx, deviceID string) error {
	_, err := tx.Exec(`UPDATE enrolments SET state = 'refused'
		WHERE device_id = $1 AND epoch = $2 AND state IN ('claimed', 'proved')`, deviceID, s.Epoch)
	return err
}

func (s *Devices) readAwaiting(ctx context.Context, userID string, now time.Time) (list []enrolment, err error) {
	err = s.DB.Select(ctx, &list, "SELECT "+enrolmentColumns+` FROM enrolments
		WHERE user_id = $1 AND epoch = $2 AND state = 'proved' AND expires_at > $3 ORDER BY created_at, id`,
		userID, s.Epoch, db.At(now))
	return list, err
}
