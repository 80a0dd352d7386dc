package mfa

import (
	"context"
	"hash/fnv"
	"io"
	"time"

	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Progress is how far a challenge is known to have come on a device.
type Progress string

// The progress of a delivery.
const (
	Queued    Progress = "queued"
	Sent      Progress = "sent"
	Delivered Progress = "delivered"
	Opened    Progress = "opened"
	Answered  Progress = "answered"
)

// Missed is the progress of a whole challenge of which nothing is known but that
// waking failed: the app has to be opened. No delivery is stored so.
const Missed Progress = "missed"

var progressOrder = map[Progress]int{Queued: 0, Sent: 1, Delivered: 2, Opened: 3, Answered: 4}

type delivery struct {
	ChallengeID string `db:"challenge_id"`
	DeviceID    string `db:"device_id"`
	State       Progress
	Failure     push.Outcome // of the latest wake-up, "" if there was none
	Attempts    int
	NextAt      db.Time `db:"next_at"`
	QueuedAt    db.Time `db:"queued_at"`
}

// unwoken reports whether nothing was sent to a device and nothing will be, and it has
// not asked by itself either.
func (d delivery) unwoken() bool {
	return d.State == Queued && d.Attempts == 0 && d.NextAt.IsZero()
}

// insertDeliveryTx queues a challenge for a device from a moment on. wakeAt is zero for a
// device that cannot be woken.
func insertDeliveryTx(tx *db.Tx, challengeID, deviceID string, wakeAt, from time.Time) error {
	_, err := tx.Exec(`INSERT INTO deliveries (challenge_id, device_id, wake_id, state, queued_at, changed_at, next_at)
		VALUES ($1, $2, $3, $4, $5, $5, $6)`, challengeID, deviceID, random.ID("wak"), Queued, db.At(from), db.At(wakeAt))
	return err
}

// advance notes that a device has come further with a challenge, and tells the
// waiting page. It never goes back.
func (s *Service) advance(ctx context.Context, challengeID, deviceID string, to Progress) error {
	var current Progress
	err := s.DB.Get(ctx, &current, "SELECT state FROM deliveries WHERE challenge_id = $1 AND device_id = $2", challengeID, deviceID)
	if err != nil || progressOrder[current] >= progressOrder[to] {
		return err // nothing to write, which is the usual case of a device that asks again
	}
	return s.DB.Write(ctx, func(tx *db.Tx) error { return advanceTx(tx, challengeID, deviceID, to, s.now()) })
}

func advanceTx(tx *db.Tx, challengeID, deviceID string, to Progress, now time.Time) error {
	n, err := tx.Exec(`UPDATE deliveries SET state = $1, changed_at = $2 WHERE challenge_id = $3 AND device_id = $4
		AND CASE state WHEN 'queued' THEN 0 WHEN 'sent' THEN 1 WHEN 'delivered' THEN 2 WHEN 'opened' THEN 3 ELSE 4 END < $5`,
		to, db.At(now), challengeID, deviceID, progressOrder[to])
	if n == 1 {
		tx.Announce(challengeTopic(challengeID))
	}
	return err
}

func (s *Service) deliveries(ctx context.Context, challengeID string) (all []delivery, err error) {
	err = s.DB.Select(ctx, &all, `SELECT challenge_id, device_id, state, failure, attempts, next_at, queued_at FROM deliveries
		WHERE challenge_id = $1 ORDER BY device_id`, challengeID)
	return all, err
}

func deliveriesTx(tx *db.Tx, challengeID string) (all []delivery, err error) {
	err = tx.Select(&all, "SELECT challenge_id, device_id, state FROM deliveries WHERE challenge_id = $1", challengeID)
	return all, err
}

// standingRow is a challenge with one of its deliveries, whose columns are nil if it has none.
type standingRow struct {
	State     State
	ExpiresAt db.Time       `db:"expires_at"`
	FinishBy  db.Time       `db:"finish_by"`
	DeviceID  *string       `db:"device_id"`
	Progress  *Progress     `db:"progress"`
	Failure   *push.Outcome `db:"failure"`
}

// standing returns a challenge of a login with each of its deliveries, nothing if there is
// no such challenge.
func (s *Service) standing(ctx context.Context, loginID, challengeID string) (all []standingRow, err error) {
	err = s.DB.Select(ctx, &all, `SELECT c.state, c.expires_at, c.finish_by, d.device_id, d.state AS progress, d.failure
		FROM challenges c LEFT JOIN deliveries d ON d.challenge_id = c.id
		WHERE c.id = $1 AND c.login_id = $2 AND c.epoch = $3`, challengeID, loginID, s.Epoch)
	return all, err
}

// pendingRow is a delivery of a pending challenge.
type pendingRow struct {
	ID       string
	DeviceID string `db:"device_id"`
	Progress string
	Failure  string
}

// print stands for everything that a waiting page is told of.
func (r pendingRow) print() uint64 {
	h := fnv.New64a()
	_, _ = io.WriteString(h, r.DeviceID+"\x00"+r.Progress+"\x00"+r.Failure)
	return h.Sum64()
}

func (s *Service) pendingDeliveries(ctx context.Context) (all []pendingRow, err error) {
	err = s.DB.Select(ctx, &all, `SELECT c.id, COALESCE(d.device_id, '') AS device_id, COALESCE(d.state, '') AS progress, COALESCE(d.failure, '') AS failure
		FROM challenges c LEFT JOIN deliveries d ON d.challenge_id = c.id
		WHERE c.state = 'pending' AND c.epoch = $1`, s.Epoch)
	return all, err
}
