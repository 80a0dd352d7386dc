package devices

import (
	"errors"
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// WrongPINs in a row disable a device. They are counted here and not on the phone,
// where a thief could set them back.
const WrongPINs = 10

// PINFailedTx counts a wrong PIN in the transaction that refuses the answer, and
// suspends the device at the tenth in a row.
func (s *Devices) PINFailedTx(tx *db.Tx, id string) (disabled bool, err error) {
	count, err := countWrongPIN(tx, id)
	if errors.Is(err, db.ErrNotFound) {
		return false, ErrNotFound
	}
	if err != nil {
		return false, fmt.Errorf("count a wrong PIN: %w", err)
	}
	if count.Failures < WrongPINs {
		return false, nil
	}
	if err := suspendDevice(tx, count.UserID, id, "pin"); err != nil {
		return false, fmt.Errorf("suspend after wrong PINs: %w", err)
	}
	tx.Announce(Topic(id))
	return true, audit.Record(tx, audit.Entry{At: s.now(), Action: "device.suspended", Subject: id, User: count.UserID,
		Detail: map[string]any{"reason": "pin", "wrong_pins": count.Failures}})
}

// PINProvedTx forgets the wrong PINs of a device that gave the right one.
func (s *Devices) PINProvedTx(tx *db.Tx, id string) error { return forgetWrongPINs(tx, id) }
