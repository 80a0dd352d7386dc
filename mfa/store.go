package mfa

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

const challengeColumns = `id, user_id, login_id, client_id, budget, browser, state, nonce, match_digits, context, network,
	new_client, new_network, tries, device_id, methods, passcode, created_at, expires_at, answered_at, finish_by, verified_at`

// errRaced tells that another request created the person's challenge meanwhile.
var errRaced = errors.New("another challenge was created at the same moment")

func (s *Service) find(ctx context.Context, id string) (c challenge, err error) {
	err = s.DB.Get(ctx, &c, "SELECT "+challengeColumns+" FROM challenges WHERE id = $1 AND epoch = $2", id, s.Epoch)
	return c, err
}

// findFor reads a challenge only if it was put to that device.
func (s *Service) findFor(ctx context.Context, id, deviceID string) (c challenge, err error) {
	err = s.DB.Get(ctx, &c, "SELECT "+challengeColumns+` FROM challenges WHERE id = $1 AND epoch = $2
		AND EXISTS (SELECT 1 FROM deliveries WHERE challenge_id = challenges.id AND device_id = $3)`, id, s.Epoch, deviceID)
	return c, err
}

func (s *Service) pendingFor(ctx context.Context, deviceID string, now time.Time) (all []challenge, err error) {
	err = s.DB.Select(ctx, &all, "SELECT "+challengeColumns+` FROM challenges WHERE state = $1 AND epoch = $2 AND expires_at > $3
		AND id IN (SELECT challenge_id FROM deliveries WHERE device_id = $4 AND queued_at > $5)
		ORDER BY created_at`, Pending, s.Epoch, db.At(now), deviceID, db.At(now.Add(-2*longestWindow)))
	return all, err
}

func (s *Service) pendingOfTx(tx *db.Tx, userID string) (c challenge, found bool, err error) {
	err = tx.Get(&c, "SELECT "+challengeColumns+" FROM challenges WHERE user_id = $1 AND state = $2", userID, Pending)
	if errors.Is(err, db.ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

func expirePendingTx(tx *db.Tx, userID string, now time.Time) error {
	_, err := tx.Exec("UPDATE challenges SET state = $1 WHERE user_id = $2 AND state = $3 AND expires_at <= $4",
		Expired, userID, Pending, db.At(now))
	return err
}

// insertTx adds a pending challenge. The unique index on pending challenges makes
// the second of two that arrive at once lose.
func (s *Service) insertTx(tx *db.Tx, c challenge) error {
	return tx.Must(errRaced, `INSERT INTO challenges (id, epoch, user_id, login_id, client_id, budget, browser, state, nonce,
		match_digits, context, network, new_client, new_network, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING`,
		c.ID, s.Epoch, c.UserID, c.LoginID, c.ClientID, c.Budget, c.Browser, Pending, c.Nonce,
		c.MatchDigits, c.Context, c.Network, c.NewClient, c.NewNetwork, c.CreatedAt, c.ExpiresAt)
}

// endTx moves a challenge from one state to another without an answer.
func endTx(tx *db.Tx, id string, from, to State) (moved bool, err error) {
	n, err := tx.Exec("UPDATE challenges SET state = $1, passcode = NULL WHERE id = $2 AND state = $3", to, id, from)
	return n == 1, err
}

// answerTx records a verdict: only on a pending challenge, in time, in this epoch.
func (s *Service) answerTx(tx *db.Tx, c challenge, otherwise error) error {
	return tx.Must(otherwise, `UPDATE challenges SET state = $1, device_id = $2, methods = $3, passcode = $4, answered_at = $5, finish_by = $6
		WHERE id = $7 AND state = $8 AND expires_at > $5 AND epoch = $9`,
		c.State, c.DeviceID, c.Methods, c.Passcode, c.AnsweredAt, c.FinishBy, c.ID, Pending, s.Epoch)
}

// verifiedTx uses up an approval: by its own login, in time, once.
func (s *Service) verifiedTx(tx *db.Tx, id, loginID string, now time.Time) error {
	return tx.Must(ErrOver, `UPDATE challenges SET state = $1, passcode = NULL, verified_at = $2
		WHERE id = $3 AND login_id = $4 AND state = $5 AND finish_by > $2 AND epoch = $6`,
		Verified, db.At(now), id, loginID, Approved, s.Epoch)
}

// missTx counts a wrong number or passcode and returns how many there were. At the
// limit the challenge has failed.
func missTx(tx *db.Tx, id string, in State) (tries int, err error) {
	err = tx.Get(&tries, "UPDATE challenges SET tries = tries + 1 WHERE id = $1 AND state = $2 RETURNING tries", id, in)
	if err != nil || tries < maxTries {
		return tries, err
	}
	_, err = endTx(tx, id, in, Failed)
	return tries, err
}

type history struct {
	Any         bool `db:"seen_any"`
	SameClient  bool `db:"same_client"`
	SameNetwork bool `db:"same_network"`
}

func historyTx(tx *db.Tx, userID, clientID, network string) (h history, err error) {
	const seen = "EXISTS (SELECT 1 FROM challenges WHERE user_id = $1 AND state = $2"
	err = tx.Get(&h, "SELECT "+seen+") AS seen_any, "+seen+" AND client_id = $3) AS same_client, "+
		seen+" AND network = $4) AS same_network", userID, Verified, clientID, network)
	return h, err
}

func sweepTx(tx *db.Tx, now time.Time, limit int) (int64, error) {
	expired, err := tx.Exec(`UPDATE challenges SET state = $1, passcode = NULL WHERE id IN
		(SELECT id FROM challenges WHERE (state = $2 AND expires_at <= $4) OR (state = $3 AND finish_by <= $4) LIMIT $5)`,
		Expired, Pending, Approved, db.At(now), limit)
	if err != nil {
		return 0, err
	}
	// A verified challenge is also the memory of where the person signed in before.
	old, err := tx.Exec(`DELETE FROM challenges WHERE id IN (SELECT id FROM challenges
		WHERE (state <> $1 AND expires_at < $2) OR expires_at < $3 LIMIT $4)`,
		Verified, db.At(now.Add(-24*time.Hour)), db.At(now.Add(-180*24*time.Hour)), limit)
	return expired + old, err
}
