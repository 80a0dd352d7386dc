package devices

import (
	"errors"
	"time"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/devices/push"
	"github.com/nod-idp/nod/internal/db"
)

// Every statement here names the state it starts from, so that of two changes at
// once one finds its row moved on.

// activateDevice returns what the device is called.
func activateDevice(tx *db.Tx, id string, now time.Time) (name string, err error) {
	err = tx.Get(&name, "UPDATE devices SET state = 'active', activated_at = $1 WHERE id = $2 AND state = 'enrolling' RETURNING name",
		db.At(now), id)
	if errors.Is(err, db.ErrNotFound) {
		err = ErrNotFound
	}
	return name, err
}

func suspendDevice(tx *db.Tx, userID, id, reason string) error {
	return tx.Must(ErrNotFound, `UPDATE devices SET state = 'suspended', end_reason = $1
		WHERE id = $2 AND user_id = $3 AND state = 'active'`, reason, id, userID)
}

func resumeDevice(tx *db.Tx, userID, id string) error {
	return tx.Must(ErrNotFound, `UPDATE devices SET state = 'active', end_reason = '', pin_failures = 0
		WHERE id = $1 AND user_id = $2 AND state = 'suspended'`, id, userID)
}

// removeDevice erases everything that the device could be spoken to with.
func removeDevice(tx *db.Tx, userID, id, reason string, now time.Time) error {
	err := tx.Must(ErrNotFound, `UPDATE devices SET state = 'removed', ended_at = $1, end_reason = $2,
			push_secret = NULL, pin_secret = NULL, typed_secret = NULL, pin_half = NULL
		WHERE id = $3 AND user_id = $4 AND state <> 'removed'`, db.At(now), reason, id, userID)
	if err != nil {
		return err
	}
	if err := credential.DropTx(tx, id); err != nil {
		return err
	}
	if err := dropNotices(tx, id); err != nil {
		return err
	}
	return push.DropTx(tx, id)
}

// nameIfUsed returns what a device is called that was active once, "" for any other.
func nameIfUsed(tx *db.Tx, id string) (name string, err error) {
	err = tx.Get(&name, "SELECT name FROM devices WHERE id = $1 AND activated_at IS NOT NULL", id)
	if errors.Is(err, db.ErrNotFound) {
		err = nil
	}
	return name, err
}

func renameDevice(tx *db.Tx, userID, id, name string) error {
	return tx.Must(ErrNotFound, "UPDATE devices SET name = $1 WHERE id = $2 AND user_id = $3 AND state <> 'removed'",
		name, id, userID)
}

// setPush returns how many devices it changed: none if push was so already.
func setPush(tx *db.Tx, userID, id string, on bool) (int64, error) {
	return tx.Exec("UPDATE devices SET push_on = $1 WHERE id = $2 AND user_id = $3 AND state = 'active' AND push_on <> $1",
		on, id, userID)
}

// forbidPush returns how many devices it changed: none if it was so already.
func forbidPush(tx *db.Tx, userID, id string, forbidden bool) (int64, error) {
	err := tx.Must(ErrNotFound, "UPDATE devices SET state = state WHERE id = $1 AND user_id = $2 AND state <> 'removed'", id, userID)
	if err != nil {
		return 0, err
	}
	return tx.Exec("UPDATE devices SET push_forbidden = $1 WHERE id = $2 AND user_id = $3 AND push_forbidden <> $1", forbidden, id, userID)
}

// holdActive changes nothing, but locks the row until the transaction ends.
func holdActive(tx *db.Tx, userID, id string) error {
	return tx.Must(ErrNotFound, "UPDATE devices SET state = state WHERE id = $1 AND user_id = $2 AND state = 'active'",
		id, userID)
}

type pinCount struct {
	UserID   string `db:"user_id"`
	Failures int    `db:"pin_failures"`
}

func countWrongPIN(tx *db.Tx, id string) (c pinCount, err error) {
	err = tx.Get(&c, `UPDATE devices SET pin_failures = pin_failures + 1
		WHERE id = $1 AND state = 'active' AND pin_secret IS NOT NULL RETURNING user_id, pin_failures`, id)
	return c, err
}

func forgetWrongPINs(tx *db.Tx, id string) error {
	_, err := tx.Exec("UPDATE devices SET pin_failures = 0 WHERE id = $1 AND pin_failures > 0", id)
	return err
}

// takeTypedStep uses up the time step of a typed passcode, and with it all steps
// before.
func takeTypedStep(tx *db.Tx, otherwise error, id string, step int64) error {
	return tx.Must(otherwise,
		"UPDATE devices SET typed_step = $1 WHERE id = $2 AND state = 'active' AND typed_step < $1", step, id)
}
