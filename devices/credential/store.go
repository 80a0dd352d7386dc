package credential

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Store keeps the credentials of devices, their records sealed.
type Store struct {
	DB  *db.DB
	Box *seal.Box
}

// Held is the credential of a device as it is stored.
type Held struct {
	RPID       string
	Handle     []byte
	Registered bool // it was made; before, only its handle is decided
	ID         []byte

	whole     []byte
	signCount uint32
}

// AddTx decides the handle of a new device's credential, which is yet to be made.
func (s Store) AddTx(tx *db.Tx, deviceID, rpID string, handle []byte, now time.Time) error {
	_, err := tx.Exec("INSERT INTO device_credentials (device_id, rp_id, user_handle, created_at) VALUES ($1, $2, $3, $4)",
		deviceID, rpID, handle, db.At(now))
	return err
}

// RegisterTx keeps the credential that was made, once: ErrRegistered if there is one,
// or if another device has it.
func (s Store) RegisterTx(tx *db.Tx, deviceID string, r Record, now time.Time) error {
	return tx.Must(ErrRegistered, `UPDATE device_credentials
		SET credential_id = $1, record = $2, flags = $3, sign_count = $4, registered_at = $5
		WHERE device_id = $6 AND credential_id IS NULL
			AND NOT EXISTS (SELECT 1 FROM device_credentials WHERE credential_id = $1)`,
		r.ID, s.Box.Seal(place(deviceID), r.whole), int64(r.Flags), int64(r.SignCount), db.At(now), deviceID)
}

// Get returns the credential of a device, ErrNone if it has none and never will.
func (s Store) Get(ctx context.Context, deviceID string) (Held, error) {
	var row struct {
		RPID      string `db:"rp_id"`
		Handle    []byte `db:"user_handle"`
		ID        []byte `db:"credential_id"`
		Record    []byte
		SignCount int64 `db:"sign_count"`
	}
	err := s.DB.Get(ctx, &row, "SELECT rp_id, user_handle, credential_id, record, sign_count FROM device_credentials WHERE device_id = $1", deviceID)
	if errors.Is(err, db.ErrNotFound) {
		return Held{}, ErrNone
	}
	if err != nil {
		return Held{}, fmt.Errorf("find credential: %w", err)
	}
	held := Held{RPID: row.RPID, Handle: row.Handle, ID: row.ID, Registered: row.ID != nil, signCount: uint32(row.SignCount)}
	if held.Registered {
		if held.whole, err = s.Box.Open(place(deviceID), row.Record); err != nil {
			return Held{}, fmt.Errorf("open credential: %w", err)
		}
	}
	return held, nil
}

// UsedTx notes a use that held. Of two at once the one that finds the counter as it was
// verified is noted.
func (s Store) UsedTx(tx *db.Tx, deviceID string, u Use, now time.Time) error {
	_, err := tx.Exec(`UPDATE device_credentials SET flags = $1, sign_count = $2, used_at = $3
		WHERE device_id = $4 AND sign_count = $5`,
		int64(u.Flags), int64(max(u.SignCount, u.before)), db.At(now), deviceID, int64(u.before))
	return err
}

// DropTx forgets the credential of a device that has ended.
func DropTx(tx *db.Tx, deviceID string) error {
	_, err := tx.Exec("DELETE FROM device_credentials WHERE device_id = $1", deviceID)
	return err
}

func place(deviceID string) seal.Place {
	return seal.Place{Table: "device_credentials", Row: deviceID, Column: "record"}
}
