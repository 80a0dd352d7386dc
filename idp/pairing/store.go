package pairing

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/instance"
)

// state is where a pairing stands; expiry is read off the clock.
type state string

const (
	pending  state = "pending"
	allowed  state = "allowed"
	denied   state = "denied"
	redeemed state = "redeemed"
)

type row struct {
	ID        string
	ClientID  string `db:"client_id"`
	Scopes    db.Strings
	IP        string
	State     state
	UserID    string `db:"user_id"`
	SID       string
	Evidence  db.JSON[evidence.Evidence]
	Pace      int64   `db:"pace_ms"`
	PolledAt  db.Time `db:"polled_at"`
	CreatedAt db.Time `db:"created_at"`
	ExpiresAt db.Time `db:"expires_at"`
}

const columns = "id, client_id, scopes, ip, state, user_id, sid, evidence, pace_ms, polled_at, created_at, expires_at"

// errTaken tells that another pairing has the same user code.
var errTaken = errors.New("the user code is taken")

func (p *Pairings) insertTx(tx *db.Tx, r row, deviceCode, userCode []byte) error {
	return tx.Must(errTaken, `INSERT INTO pairings
		(id, issuer, epoch, client_id, device_code, user_code, scopes, ip, state, pace_ms, evidence, created_at, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', $9, $10, $11, $12) ON CONFLICT DO NOTHING`,
		r.ID, instance.MainIssuer, p.Epoch, r.ClientID, deviceCode, userCode, r.Scopes, r.IP, r.Pace, r.Evidence, r.CreatedAt, r.ExpiresAt)
}

// findTx returns the id of the pairing that waits under a user code.
func (p *Pairings) findTx(tx *db.Tx, userCode []byte, now time.Time) (id string, err error) {
	err = tx.Get(&id, "SELECT id FROM pairings WHERE user_code = $1 AND state = 'pending' AND epoch = $2 AND expires_at > $3",
		userCode, p.Epoch, db.At(now))
	return id, err
}

func (p *Pairings) find(ctx context.Context, id string, now time.Time) (r row, err error) {
	err = p.DB.Get(ctx, &r, "SELECT "+columns+" FROM pairings WHERE id = $1 AND state = 'pending' AND epoch = $2 AND expires_at > $3",
		id, p.Epoch, db.At(now))
	return r, err
}

func (p *Pairings) stateOf(ctx context.Context, id string) (now state, err error) {
	err = p.DB.Get(ctx, &now, "SELECT state FROM pairings WHERE id = $1 AND epoch = $2", id, p.Epoch)
	return now, err
}

// decideTx answers a pairing that waits, and returns whose it is.
func (p *Pairings) decideTx(tx *db.Tx, id string, by session.Session, to state, now time.Time) (clientID string, err error) {
	err = tx.Get(&clientID, `UPDATE pairings SET state = $1, user_id = $2, sid = $3, evidence = $4, decided_at = $5
		WHERE id = $6 AND state = 'pending' AND epoch = $7 AND expires_at > $5 RETURNING client_id`,
		to, by.UserID, by.SID, db.JSON[evidence.Evidence]{V: by.Evidence}, db.At(now), id, p.Epoch)
	return clientID, err
}

// lockTx reads a client's pairing by its device code and holds the row.
func (p *Pairings) lockTx(tx *db.Tx, deviceCode []byte, clientID string) (r row, err error) {
	err = tx.Get(&r, "UPDATE pairings SET state = state WHERE device_code = $1 AND client_id = $2 AND epoch = $3 RETURNING "+columns,
		deviceCode, clientID, p.Epoch)
	return r, err
}

func (p *Pairings) polledTx(tx *db.Tx, id string, pace polling.Pace) error {
	_, err := tx.Exec("UPDATE pairings SET pace_ms = $1, polled_at = $2 WHERE id = $3", pace.Interval.Milliseconds(), db.At(pace.Last), id)
	return err
}

// redeemedTx uses a pairing up: allowed, in time, once.
func (p *Pairings) redeemedTx(tx *db.Tx, id string, now time.Time) error {
	return tx.Must(db.ErrNotFound, "UPDATE pairings SET state = 'redeemed' WHERE id = $1 AND state = 'allowed' AND epoch = $2 AND expires_at > $3",
		id, p.Epoch, db.At(now))
}

// Sweep forgets pairings that have been over for an hour, at most limit of them, and
// returns how many.
func (p *Pairings) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = p.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = tx.Exec("DELETE FROM pairings WHERE id IN (SELECT id FROM pairings WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
			db.At(p.now().Add(-kept)), limit)
		return err
	})
	return n, err
}
