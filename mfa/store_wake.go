package mfa

import (
	"context"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// wakeUp is a delivery whose device is to be woken now.
type wakeUp struct {
	ChallengeID string  `db:"challenge_id"`
	DeviceID    string  `db:"device_id"`
	WakeID      string  `db:"wake_id"`
	Attempts    int     // before this one
	NextAt      db.Time `db:"next_at"`
	ExpiresAt   db.Time `db:"expires_at"`
}

// due returns wake-ups whose time has come, of challenges that still want an answer.
// One that came due longer ago than a challenge lives is over, whatever the row says,
// so the index is read no further back.
func (s *Service) due(ctx context.Context, now time.Time, limit int) (all []wakeUp, err error) {
	err = s.DB.Select(ctx, &all, `SELECT d.challenge_id, d.device_id, d.wake_id, d.attempts, d.next_at, c.expires_at
		FROM deliveries d JOIN challenges c ON c.id = d.challenge_id
		WHERE d.next_at > $1 AND d.next_at <= $2 AND d.state = 'queued'
			AND c.state = 'pending' AND c.expires_at > $2 AND c.epoch = $3
		ORDER BY d.next_at LIMIT $4`, db.At(now.Add(-longestWindow)), db.At(now), s.Epoch, limit)
	return all, err
}

// claimTx takes a wake-up until a moment; if whoever took it is gone by then, it is
// due again. It returns false if another node was faster, or if it is no longer due.
func claimTx(tx *db.Tx, w wakeUp, until time.Time) (bool, error) {
	n, err := tx.Exec(`UPDATE deliveries SET next_at = $1, attempts = attempts + 1
		WHERE challenge_id = $2 AND device_id = $3 AND next_at = $4 AND attempts = $5 AND state = 'queued'
			AND EXISTS (SELECT 1 FROM challenges WHERE id = $2 AND state = 'pending')`,
		db.At(until), w.ChallengeID, w.DeviceID, w.NextAt, w.Attempts)
	return n == 1, err
}

// sentTx notes that the push service took a wake-up, and tells the waiting page. A
// device that has come further already stays there.
func sentTx(tx *db.Tx, w wakeUp, now time.Time) error {
	_, err := tx.Exec("UPDATE deliveries SET next_at = NULL, failure = '' WHERE challenge_id = $1 AND device_id = $2",
		w.ChallengeID, w.DeviceID)
	if err != nil {
		return err
	}
	return advanceTx(tx, w.ChallengeID, w.DeviceID, Sent, now)
}

// failedTx notes that a wake-up was not taken, and when it is tried again; zero means
// never. Of a wake-up that somebody else has claimed since, nothing is noted.
func failedTx(tx *db.Tx, w wakeUp, failure push.Outcome, again time.Time) error {
	n, err := tx.Exec(`UPDATE deliveries SET next_at = $1, failure = $2
		WHERE challenge_id = $3 AND device_id = $4 AND attempts = $5`,
		db.At(again), failure, w.ChallengeID, w.DeviceID, w.Attempts)
	if n == 1 {
		tx.Announce(challengeTopic(w.ChallengeID))
	}
	return err
}
