package mfa

import (
	"context"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// wakeUps is the queue of deliveries whose devices are to be woken. An order has the
// id of its challenge.
type wakeUps struct{ s *Service }

// Wakes returns the queue of devices to be woken for a challenge.
func (s *Service) Wakes() push.Queue { return wakeUps{s} }

// Topic is announced when wake-ups were queued.
func (wakeUps) Topic() string { return wakeTopic }

// Due returns wake-ups whose time has come, of challenges that still want an answer.
// One that came due longer ago than a challenge lives is over, whatever the row says,
// so the index is read no further back.
func (q wakeUps) Due(ctx context.Context, now time.Time, limit int) (all []push.Order, err error) {
	err = q.s.DB.Select(ctx, &all, `SELECT d.challenge_id AS id, d.device_id, d.wake_id, d.attempts, d.next_at, c.expires_at
		FROM deliveries d JOIN challenges c ON c.id = d.challenge_id
		WHERE d.next_at > $1 AND d.next_at <= $2 AND d.state = 'queued'
			AND c.state = 'pending' AND c.expires_at > $2 AND c.epoch = $3
		ORDER BY d.next_at LIMIT $4`, db.At(now.Add(-longestWindow)), db.At(now), q.s.Epoch, limit)
	return all, err
}

// ClaimTx takes a wake-up until a moment.
func (wakeUps) ClaimTx(tx *db.Tx, o push.Order, until time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE deliveries SET next_at = $1, attempts = attempts + 1
		WHERE challenge_id = $2 AND device_id = $3 AND next_at = $4 AND attempts = $5 AND state = 'queued'
			AND EXISTS (SELECT 1 FROM challenges WHERE id = $2 AND state = 'pending')`,
		db.At(until), o.ID, o.DeviceID, o.NextAt, o.Attempts)
	return n == 1, err
}

// SettleTx notes what became of a wake-up, and tells the waiting page.
func (q wakeUps) SettleTx(tx *db.Tx, o push.Order, got push.Result, again time.Time) error {
	switch got.Outcome {
	case push.Delivered:
		return sentTx(tx, o, q.s.now())
	case push.Unsubscribed: // meanwhile; the device is as one that never was
		return failedTx(tx, o, "", time.Time{})
	}
	return failedTx(tx, o, got.Outcome, again)
}

// sentTx notes that the push service took a wake-up, and tells the waiting page. A
// device that has come further already stays there.
func sentTx(tx *db.Tx, o push.Order, now time.Time) error {
	_, err := tx.Exec("UPDATE deliveries SET next_at = NULL, failure = '' WHERE challenge_id = $1 AND device_id = $2",
		o.ID, o.DeviceID)
	if err != nil {
		return err
	}
	return advanceTx(tx, o.ID, o.DeviceID, Sent, now)
}

// failedTx notes that a wake-up was not taken, and when it is tried again; zero means
// never. Of a wake-up that somebody else has claimed since, nothing is noted.
func failedTx(tx *db.Tx, o push.Order, failure push.Outcome, again time.Time) error {
	n, err := tx.Exec(`UPDATE deliveries SET next_at = $1, failure = $2
		WHERE challenge_id = $3 AND device_id = $4 AND attempts = $5`,
		db.At(again), failure, o.ID, o.DeviceID, o.Attempts)
	if n == 1 {
		tx.Announce(challengeTopic(o.ID))
	}
	return err
}
