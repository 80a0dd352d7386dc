package devices

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

const deviceColumns = `id, user_id, name, kind, state, verification, public_key, thumbprint, push_secret, pin_secret,
	typed_secret, pin_half, pin_failures, typed_step, push_on, push_forbidden, created_at, activated_at, seen_at, ended_at, end_reason,
	snoozed_until, seen_ip`

// deviceRow is a device as it is stored.
type deviceRow struct {
	ID           string
	UserID       string `db:"user_id"`
	Name         string
	Kind         string
	State        string
	Verification string
	PublicKey    string `db:"public_key"`
	Thumbprint   string
	PushSecret   []byte  `db:"push_secret"`
	PINSecret    []byte  `db:"pin_secret"`
	TypedSecret  []byte  `db:"typed_secret"`
	PINHalf      []byte  `db:"pin_half"`
	PINFailures  int     `db:"pin_failures"`
	TypedStep    int64   `db:"typed_step"`
	PushOn       bool    `db:"push_on"`
	Forbidden    bool    `db:"push_forbidden"`
	CreatedAt    db.Time `db:"created_at"`
	ActivatedAt  db.Time `db:"activated_at"`
	SeenAt       db.Time `db:"seen_at"`
	EndedAt      db.Time `db:"ended_at"`
	EndReason    string  `db:"end_reason"`
	SnoozedUntil db.Time `db:"snoozed_until"`
	SeenIP       string  `db:"seen_ip"`
}

func (r deviceRow) device() Device {
	return Device{
		ID: r.ID, UserID: r.UserID, Name: r.Name, Kind: protocol.Kind(r.Kind), State: State(r.State),
		Verification: protocol.Verification(r.Verification), PublicKey: r.PublicKey, Thumbprint: r.Thumbprint,
		PushOn: r.PushOn, PushForbidden: r.Forbidden, PINFailures: r.PINFailures, CreatedAt: r.CreatedAt.Time, ActivatedAt: r.ActivatedAt.Time,
		SeenAt: r.SeenAt.Time, EndedAt: r.EndedAt.Time, Reason: r.EndReason, typedStep: r.TypedStep,
		SnoozedUntil: r.SnoozedUntil.Time, SeenIP: r.SeenIP,
		sealed: sealedSecrets{push: r.PushSecret, pin: r.PINSecret, typed: r.TypedSecret, half: r.PINHalf},
	}
}

func devicesOf(rows []deviceRow) []Device {
	list := make([]Device, len(rows))
	for i, r := range rows {
		list[i] = r.device()
	}
	return list
}

func (s *Devices) readDevice(ctx context.Context, id string) (Device, error) {
	var r deviceRow
	err := s.DB.Get(ctx, &r, "SELECT "+deviceColumns+" FROM devices WHERE id = $1", id)
	if errors.Is(err, db.ErrNotFound) {
		return Device{}, ErrNotFound
	}
	return r.device(), err
}

func (s *Devices) readDevices(ctx context.Context, userID string) ([]Device, error) {
	var rows []deviceRow
	err := s.DB.Select(ctx, &rows, "SELECT "+deviceColumns+` FROM devices
		WHERE user_id = $1 AND state <> 'removed' ORDER BY created_at, id`, userID)
	return devicesOf(rows), err
}

func (s *Devices) readActive(ctx context.Context, userID string) ([]Device, error) {
	var rows []deviceRow
	err := s.DB.Select(ctx, &rows, "SELECT "+deviceColumns+` FROM devices
		WHERE user_id = $1 AND state = 'active' ORDER BY created_at, id`, userID)
	return devicesOf(rows), err
}

func readActiveTx(tx *db.Tx, userID string) ([]Device, error) {
	var rows []deviceRow
	err := tx.Select(&rows, "SELECT "+deviceColumns+` FROM devices
		WHERE user_id = $1 AND state = 'active' ORDER BY created_at, id`, userID)
	return devicesOf(rows), err
}

// errKeyTaken rolls back an enrolment whose key is another device's already.
var errKeyTaken = errors.New("the key belongs to another device")

func insertDevice(tx *db.Tx, d Device) error {
	return tx.Must(errKeyTaken, `INSERT INTO devices (id, user_id, name, kind, state, verification, public_key, thumbprint,
			push_secret, pin_secret, typed_secret, pin_half, push_on, created_at)
		VALUES ($1, $2, $3, $4, 'enrolling', $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (thumbprint) DO NOTHING`,
		d.ID, d.UserID, d.Name, string(d.Kind), string(d.Verification), d.PublicKey, d.Thumbprint,
		d.sealed.push, d.sealed.pin, d.sealed.typed, d.sealed.half, d.PushOn, db.At(d.CreatedAt))
}

// seeDevice notes that the device spoke, at most once a minute.
func seeDevice(tx *db.Tx, id string, now time.Time) error {
	_, err := tx.Exec("UPDATE devices SET seen_at = $1 WHERE id = $2 AND (seen_at IS NULL OR seen_at <= $3)",
		db.At(now), id, db.At(now.Add(-time.Minute)))
	return err
}
