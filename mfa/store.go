package mfa

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/db"
)

const challengeColumns = `id, user_id, login_id, client_id, budget, browser, state, nonce, match_digits, context, network,
	new_client, new_network, tries, device_id, methods, passcode, created_at, expires_at, answered_at, finish_by, verified_at, same_browser,
	country, new_country, device_network, distance_km`

// errRaced tells that another request created the person's challenge meanwhile.
var errRaced = errors.New("another challenge was created at the same moment")

func (s *Service) find(ctx context.Context, id string) (c challenge, err error) {
	err = s.DB.Get(ctx, &c, "SELECT "+challengeColumns+" FROM challenges WHERE id = $1 AND epoch = $2", id, s.Epoch)
	return c, err
}

// findFor reads a challenge only if it was put to that device by now. For one that was
// asked at once no clock is looked at, which may have been set back since.
func (s *Service) findFor(ctx context.Context, id, deviceID string, now time.Time) (c challenge, err error) {
	err = s.DB.Get(ctx, &c, "SELECT "+challengeColumns+` FROM challenges WHERE id = $1 AND epoch = $2
		AND EXISTS (SELECT 1 FROM deliveries WHERE challenge_id = challenges.id AND device_id = $3
			AND (queued_at = challenges.created_at OR queued_at <= $4))`, id, s.Epoch, deviceID, db.At(now))
	return c, err
}

// pendingFor lists what a device is asked at present. A person is asked one thing at a time,
// so that it is found by the person, however many challenges others have.
func (s *Service) pendingFor(ctx context.Context, d devices.Device, now time.Time) (all []challenge, err error) {
	err = s.DB.Select(ctx, &all, "SELECT "+challengeColumns+` FROM challenges WHERE user_id = $1 AND state = 'pending'
		AND epoch = $2 AND expires_at > $3 AND EXISTS (SELECT 1 FROM deliveries WHERE challenge_id = challenges.id AND device_id = $4
			AND (queued_at = challenges.created_at OR queued_at <= $3))`, d.UserID, s.Epoch, db.At(now), d.ID)
	return all, err
}

// reportedOf returns the id of a challenge of this login that was reported, "" if
// none was.
func (s *Service) reportedOf(ctx context.Context, loginID string) (id string, err error) {
	err = s.DB.Get(ctx, &id, "SELECT id FROM challenges WHERE login_id = $1 AND state = 'reported' AND epoch = $2 LIMIT 1", loginID, s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		return "", nil
	}
	return id, err
}

// lockTx reads a challenge and holds its row until the transaction ends.
func (s *Service) lockTx(tx *db.Tx, id string) (c challenge, err error) {
	err = tx.Get(&c, "UPDATE challenges SET state = state WHERE id = $1 AND epoch = $2 RETURNING "+challengeColumns, id, s.Epoch)
	return c, err
}

func (s *Service) pendingOfTx(tx *db.Tx, userID string) (c challenge, found bool, err error) {
	err = tx.Get(&c, "SELECT "+challengeColumns+" FROM challenges WHERE user_id = $1 AND state = 'pending'", userID)
	if errors.Is(err, db.ErrNotFound) {
		return c, false, nil
	}
	return c, err == nil, err
}

func (s *Service) approvedOfLoginTx(tx *db.Tx, loginID string) (all []challenge, err error) {
	err = tx.Select(&all, "SELECT "+challengeColumns+" FROM challenges WHERE login_id = $1 AND state = 'approved'", loginID)
	return all, err
}

// insertTx adds a pending challenge. The unique index on pending challenges makes
// the second of two that arrive at once lose.
func (s *Service) insertTx(tx *db.Tx, c challenge) error {
	return tx.Must(errRaced, `INSERT INTO challenges (id, epoch, user_id, login_id, client_id, budget, browser, state, nonce,
		match_digits, context, network, new_client, new_network, country, new_country, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) ON CONFLICT DO NOTHING`,
		c.ID, s.Epoch, c.UserID, c.LoginID, c.ClientID, c.Budget, c.Browser, c.Nonce,
		c.MatchDigits, c.Context, c.Network, c.NewClient, c.NewNetwork, c.Country, c.NewCountry, c.CreatedAt, c.ExpiresAt)
}

// endTx moves a challenge from one state to another without an answer, and erases
// its passcode.
func endTx(tx *db.Tx, id string, from, to State) (moved bool, err error) {
	n, err := tx.Exec("UPDATE challenges SET state = $1, passcode = NULL WHERE id = $2 AND state = $3", to, id, from)
	return n == 1, err
}

// answerTx records a verdict: only on a pending challenge, in time, in this epoch.
func (s *Service) answerTx(tx *db.Tx, c challenge, otherwise error) error {
	return tx.Must(otherwise, `UPDATE challenges SET state = $1, device_id = $2, methods = $3, passcode = $4, answered_at = $5, finish_by = $6, same_browser = $7,
		device_network = $8, distance_km = $9 WHERE id = $10 AND state = 'pending' AND expires_at > $5 AND epoch = $11`,
		c.State, c.DeviceID, c.Methods, c.Passcode, c.AnsweredAt, c.FinishBy, c.SameBrowser,
		c.DeviceNetwork, c.DistanceKM, c.ID, s.Epoch)
}

// verifiedTx uses up an approval: by its own login, in time, once.
func (s *Service) verifiedTx(tx *db.Tx, id, loginID string, now time.Time) error {
	return tx.Must(ErrOver, `UPDATE challenges SET state = 'verified', passcode = NULL, verified_at = $1
		WHERE id = $2 AND login_id = $3 AND state = 'approved' AND finish_by > $1 AND epoch = $4`,
		db.At(now), id, loginID, s.Epoch)
}

// missPendingTx counts a wrong answer of a device, under the conditions a right one
// is taken under, and returns how many there were.
func (s *Service) missPendingTx(tx *db.Tx, id string, now time.Time) (tries int, err error) {
	err = tx.Get(&tries, `UPDATE challenges SET tries = tries + 1
		WHERE id = $1 AND state = 'pending' AND expires_at > $2 AND epoch = $3 RETURNING tries`, id, db.At(now), s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		return 0, errLate
	}
	return tries, err
}

// missApprovedTx is missPendingTx for wrong digits on the login page.
func (s *Service) missApprovedTx(tx *db.Tx, id string, now time.Time) (tries int, err error) {
	err = tx.Get(&tries, `UPDATE challenges SET tries = tries + 1
		WHERE id = $1 AND state = 'approved' AND finish_by > $2 AND epoch = $3 RETURNING tries`, id, db.At(now), s.Epoch)
	if errors.Is(err, db.ErrNotFound) {
		return 0, ErrOver
	}
	return tries, err
}

type history struct {
	Any         bool `db:"seen_any"`
	SameClient  bool `db:"same_client"`
	SameNetwork bool `db:"same_network"`
	SameCountry bool `db:"same_country"`
}

func historyTx(tx *db.Tx, userID, clientID, network, country string) (h history, err error) {
	const seen = "EXISTS (SELECT 1 FROM challenges WHERE user_id = $1 AND state = 'verified'"
	err = tx.Get(&h, "SELECT "+seen+") AS seen_any, "+seen+" AND client_id = $2) AS same_client, "+
		seen+" AND network = $3) AS same_network, "+seen+" AND country IN ($4, '')) AS same_country", userID, clientID, network, country)
	return h, err
}
