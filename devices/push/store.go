package push

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// The states of a subscription.
const (
	active = "active"
	gone   = "gone" // what it was has been erased
)

const columns = "device_id, state, endpoint_hash, subscription, changed_at, delivered_at, failed_at, failure, blocked"

type row struct {
	DeviceID     string `db:"device_id"`
	State        string
	EndpointHash []byte `db:"endpoint_hash"`
	Subscription []byte
	ChangedAt    db.Time `db:"changed_at"`
	DeliveredAt  db.Time `db:"delivered_at"`
	FailedAt     db.Time `db:"failed_at"`
	Failure      Outcome
	Blocked      string
}

func (s *Subscriptions) read(ctx context.Context, deviceID string) (r row, err error) {
	err = s.DB.Get(ctx, &r, "SELECT "+columns+" FROM push_subscriptions WHERE device_id = $1", deviceID)
	return r, err
}

// lockTx reads a row and holds it until the transaction ends.
func lockTx(tx *db.Tx, deviceID string) (r row, err error) {
	err = tx.Get(&r, "UPDATE push_subscriptions SET state = state WHERE device_id = $1 RETURNING "+columns, deviceID)
	return r, err
}

// saveTx keeps when a wake-up was last delivered: the device was reached then.
func saveTx(tx *db.Tx, deviceID string, endpointHash, sealed []byte, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO push_subscriptions (device_id, state, endpoint_hash, subscription, changed_at)
		VALUES ($1, 'active', $2, $3, $4)
		ON CONFLICT (device_id) DO UPDATE SET state = 'active', endpoint_hash = excluded.endpoint_hash,
			subscription = excluded.subscription, changed_at = excluded.changed_at, failed_at = NULL, failure = '', blocked = ''`,
		deviceID, endpointHash, sealed, db.At(now))
	return err
}

// blockTx keeps that there is nowhere to send to, and why; it erases what was there. It
// returns 0 if that was known.
func blockTx(tx *db.Tx, deviceID, why string, now time.Time) (int64, error) {
	return tx.Exec(`INSERT INTO push_subscriptions (device_id, state, changed_at, blocked) VALUES ($1, 'gone', $2, $3)
		ON CONFLICT (device_id) DO UPDATE SET state = 'gone', endpoint_hash = NULL, subscription = NULL,
			changed_at = excluded.changed_at, blocked = excluded.blocked
			WHERE push_subscriptions.blocked <> excluded.blocked OR push_subscriptions.state <> 'gone'`,
		deviceID, db.At(now), why)
}

func deleteTx(tx *db.Tx, deviceID string) (int64, error) {
	return tx.Exec("DELETE FROM push_subscriptions WHERE device_id = $1", deviceID)
}

// goneTx erases an endpoint wherever it is, and returns the devices it woke.
func goneTx(tx *db.Tx, endpointHash []byte, now time.Time) (ended []string, err error) {
	err = tx.Select(&ended, `UPDATE push_subscriptions
		SET state = 'gone', endpoint_hash = NULL, subscription = NULL, changed_at = $1, failed_at = $1, failure = $2
		WHERE endpoint_hash = $3 AND state = 'active' RETURNING device_id`, db.At(now), Gone, endpointHash)
	return ended, err
}

// deliveredTx and failedTx speak of the endpoint that was tried, and not of one that
// came in its place meanwhile.
func deliveredTx(tx *db.Tx, r row, now time.Time) error {
	_, err := tx.Exec(`UPDATE push_subscriptions SET delivered_at = $1, failed_at = NULL, failure = ''
		WHERE device_id = $2 AND endpoint_hash = $3`, db.At(now), r.DeviceID, r.EndpointHash)
	return err
}

func failedTx(tx *db.Tx, r row, failure Outcome, now time.Time) error {
	_, err := tx.Exec("UPDATE push_subscriptions SET failed_at = $1, failure = $2 WHERE device_id = $3 AND endpoint_hash = $4",
		db.At(now), failure, r.DeviceID, r.EndpointHash)
	return err
}

func reachableTx(tx *db.Tx, deviceID string) (reachable bool, err error) {
	err = tx.Get(&reachable, "SELECT EXISTS (SELECT 1 FROM push_subscriptions WHERE device_id = $1 AND state = 'active')", deviceID)
	return reachable, err
}
