package ciba

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
)

// state is where an inquiry stands; expiry is read off the clock.
type state string

const (
	waiting  state = "waiting" // nobody has been asked yet
	asked    state = "asked"
	approved state = "approved"
	denied   state = "denied"
	redeemed state = "redeemed"
)

type row struct {
	ID           string
	ClientID     string `db:"client_id"`
	UserID       string `db:"user_id"`
	Scopes       db.Strings
	Message      string
	IP           string
	Notification []byte // sealed
	State        state
	ChallengeID  string  `db:"challenge_id"`
	Pace         int64   `db:"pace_ms"`
	PolledAt     db.Time `db:"polled_at"`
	NextAt       db.Time `db:"next_at"`
	CreatedAt    db.Time `db:"created_at"`
	ExpiresAt    db.Time `db:"expires_at"`
}

const columns = "id, client_id, user_id, scopes, message, ip, notification, state, challenge_id, pace_ms, polled_at, next_at, created_at, expires_at"

// errMoved tells that an inquiry waits no more.
var errMoved = errors.New("the inquiry has moved on")

// insertTx adds an inquiry. Nobody is to be asked about nobody.
func (q *Inquiries) insertTx(tx *db.Tx, r row, authReqID []byte) error {
	if r.UserID == "" {
		r.NextAt = db.Time{}
	}
	_, err := tx.Exec(`INSERT INTO inquiries (id, issuer, epoch, client_id, user_id, auth_req_id, scopes, message, ip, notification, state,
		pace_ms, next_at, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'waiting', $11, $12, $13, $14)`,
		r.ID, instance.MainIssuer, q.Epoch, r.ClientID, r.UserID, authReqID, r.Scopes, r.Message, r.IP, r.Notification, r.Pace, r.NextAt, r.CreatedAt, r.ExpiresAt)
	return err
}

func (q *Inquiries) readDue(ctx context.Context, now time.Time, limit int) (due []row, err error) {
	err = q.DB.Select(ctx, &due, "SELECT "+columns+` FROM inquiries
		WHERE next_at <= $1 AND state = 'waiting' AND expires_at > $1 AND epoch = $2 ORDER BY next_at, id LIMIT $3`, db.At(now), q.Epoch, limit)
	return due, err
}

// claimTx takes an inquiry until a moment. It returns false if another node was faster.
func (q *Inquiries) claimTx(tx *db.Tx, r row, until time.Time) (bool, error) {
	n, err := tx.Exec("UPDATE inquiries SET next_at = $1 WHERE id = $2 AND next_at = $3 AND state = 'waiting'", db.At(until), r.ID, r.NextAt)
	return n == 1, err
}

func (q *Inquiries) postponeTx(tx *db.Tx, id string, next time.Time) error {
	_, err := tx.Exec("UPDATE inquiries SET next_at = $1 WHERE id = $2 AND state = 'waiting'", db.At(next), id)
	return err
}

// askedTx notes the challenge of an inquiry that waits, once and in time.
func (q *Inquiries) askedTx(tx *db.Tx, id, challengeID string, now time.Time) error {
	return tx.Must(errMoved, `UPDATE inquiries SET state = 'asked', challenge_id = $1, next_at = NULL
		WHERE id = $2 AND state = 'waiting' AND epoch = $3 AND expires_at > $4`, challengeID, id, q.Epoch, db.At(now))
}

// waitAgainTx has a person asked once more who was asked already.
func (q *Inquiries) waitAgainTx(tx *db.Tx, id string, next time.Time) error {
	_, err := tx.Exec("UPDATE inquiries SET state = 'waiting', challenge_id = '', next_at = $1 WHERE id = $2 AND state = 'asked'", db.At(next), id)
	return err
}

// settleTx notes an answer. An approval can still be taken back, before it is redeemed.
func (q *Inquiries) settleTx(tx *db.Tx, id string, to state) (r row, moved bool, err error) {
	err = tx.Get(&r, "UPDATE inquiries SET state = $1, next_at = NULL WHERE id = $2 AND state IN ('asked', 'approved') AND state <> $1 RETURNING "+columns, to, id)
	if errors.Is(err, db.ErrNotFound) {
		return r, false, nil
	}
	return r, err == nil, err
}

// lockTx reads a client's inquiry and holds the row.
func (q *Inquiries) lockTx(tx *db.Tx, authReqID []byte, clientID string) (r row, err error) {
	err = tx.Get(&r, "UPDATE inquiries SET state = state WHERE auth_req_id = $1 AND client_id = $2 AND epoch = $3 RETURNING "+columns,
		authReqID, clientID, q.Epoch)
	return r, err
}

func (q *Inquiries) polledTx(tx *db.Tx, id string, pace polling.Pace) error {
	_, err := tx.Exec("UPDATE inquiries SET pace_ms = $1, polled_at = $2 WHERE id = $3", pace.Interval.Milliseconds(), db.At(pace.Last), id)
	return err
}

// redeemedTx uses an inquiry up, once.
func (q *Inquiries) redeemedTx(tx *db.Tx, id string) error {
	return tx.Must(errMoved, "UPDATE inquiries SET state = 'redeemed', notification = NULL WHERE id = $1 AND state = 'approved' AND epoch = $2", id, q.Epoch)
}

func (q *Inquiries) stateOf(ctx context.Context, id string) (now state, err error) {
	err = q.DB.Get(ctx, &now, "SELECT state FROM inquiries WHERE id = $1", id)
	return now, err
}

// Sweep forgets inquiries that have been over for an hour, at most limit of them, and
// returns how many.
func (q *Inquiries) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = q.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec("DELETE FROM inquiries WHERE id IN (SELECT id FROM inquiries WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
			db.At(q.now().Add(-kept)), limit)
		return err
	})
	return n, err
}
