package devices

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// notice is one thing that one device has to tell.
type notice struct {
	ID        string
	DeviceID  string `db:"device_id"`
	UserID    string `db:"user_id"`
	Kind      string
	About     string
	WakeID    string  `db:"wake_id"`
	CreatedAt db.Time `db:"created_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

func insertNotice(tx *db.Tx, n notice, wakeAt time.Time) error {
	_, err := tx.Exec(`INSERT INTO device_notices (id, device_id, user_id, kind, about, wake_id, created_at, expires_at, next_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		n.ID, n.DeviceID, n.UserID, n.Kind, n.About, n.WakeID, n.CreatedAt, n.ExpiresAt, db.At(wakeAt))
	return err
}

func (s *Devices) readNotices(ctx context.Context, deviceID string, now time.Time) (list []notice, err error) {
	err = s.DB.Select(ctx, &list, `SELECT id, device_id, user_id, kind, about, wake_id, created_at, expires_at FROM device_notices
		WHERE device_id = $1 AND seen_at IS NULL AND expires_at > $2 ORDER BY created_at, id`, deviceID, db.At(now))
	return list, err
}

// seeNotice returns whose notice it was, "" if there was nothing to see.
func seeNotice(tx *db.Tx, deviceID, id string, now time.Time) (userID string, err error) {
	err = tx.Get(&userID, `UPDATE device_notices SET seen_at = $1, next_at = NULL
		WHERE id = $2 AND device_id = $3 AND seen_at IS NULL RETURNING user_id`, db.At(now), id, deviceID)
	if errors.Is(err, db.ErrNotFound) {
		return "", nil
	}
	return userID, err
}

// dropNotices forgets what a device that has ended was to tell.
func dropNotices(tx *db.Tx, deviceID string) error {
	_, err := tx.Exec("DELETE FROM device_notices WHERE device_id = $1", deviceID)
	return err
}

func forgetNotices(tx *db.Tx, before time.Time, limit int) (int64, error) {
	return tx.Exec(`DELETE FROM device_notices WHERE id IN
		(SELECT id FROM device_notices WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2)`, db.At(before), limit)
}

// noticeTopic is announced when notices were queued.
const noticeTopic = "notices"

// noticeWakes is the queue of devices to be woken for a notice.
type noticeWakes struct{ s *Devices }

// NoticeWakes returns the queue of devices to be woken for a notice.
func (s *Devices) NoticeWakes() push.Queue { return noticeWakes{s} }

// Topic is announced when notices were queued.
func (noticeWakes) Topic() string { return noticeTopic }

// Due returns notices whose device is to be woken now. One that came due longer ago
// than a notice lives is over, so the index is read no further back.
func (q noticeWakes) Due(ctx context.Context, now time.Time, limit int) (all []push.Order, err error) {
	err = q.s.DB.Select(ctx, &all, `SELECT n.id, n.device_id, n.wake_id, n.attempts, n.next_at, n.expires_at
		FROM device_notices n JOIN devices d ON d.id = n.device_id
		WHERE n.next_at > $1 AND n.next_at <= $2 AND n.seen_at IS NULL AND n.expires_at > $2
			AND d.state = 'active' AND d.push_on AND NOT d.push_forbidden
		ORDER BY n.next_at LIMIT $3`, db.At(now.Add(-noticeLife)), db.At(now), limit)
	return all, err
}

// ClaimTx takes a notice until a moment.
func (noticeWakes) ClaimTx(tx *db.Tx, o push.Order, until time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE device_notices SET next_at = $1, attempts = attempts + 1
		WHERE id = $2 AND next_at = $3 AND attempts = $4 AND seen_at IS NULL`, db.At(until), o.ID, o.NextAt, o.Attempts)
	return n == 1, err
}

// SettleTx notes what became of a wake-up. Of one that somebody else has claimed since,
// nothing is noted.
func (noticeWakes) SettleTx(tx *db.Tx, o push.Order, got push.Result, again time.Time) error {
	failure := got.Outcome
	if failure == push.Delivered || failure == push.Unsubscribed {
		failure = ""
	}
	_, err := tx.Exec("UPDATE device_notices SET next_at = $1, failure = $2 WHERE id = $3 AND attempts = $4 AND seen_at IS NULL",
		db.At(again), failure, o.ID, o.Attempts)
	return err
}
