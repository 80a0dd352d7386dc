package devices

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Pending is a device that has proved itself and waits for its person to recognise
// it.
type Pending struct {
	EnrolmentID     string
	DeviceID        string
	DeviceName      string
	Kind            protocol.Kind
	Verification    protocol.Verification
	Fingerprint     string
	ByAdministrator bool // the link was the administrator's
	AppearedAt      time.Time
	ExpiresAt       time.Time
}

// AwaitingConfirmation lists what the person has to confirm or refuse.
func (s *Devices) AwaitingConfirmation(ctx context.Context, userID string) ([]Pending, error) {
	waiting, err := s.readAwaiting(ctx, userID, s.now())
	if err != nil {
		return nil, fmt.Errorf("list waiting enrolments: %w", err)
	}
	var list []Pending
	for _, e := range waiting {
		p, err := s.pending(ctx, e)
		if err != nil {
			return nil, fmt.Errorf("list waiting enrolments: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

// pending describes an enrolment that a device has claimed.
func (s *Devices) pending(ctx context.Context, e enrolment) (Pending, error) {
	d, err := s.Get(ctx, *e.DeviceID)
	if err != nil {
		return Pending{}, fmt.Errorf("find the device of an enrolment: %w", err)
	}
	return Pending{
		EnrolmentID: e.ID, DeviceID: d.ID, DeviceName: d.Name, Kind: d.Kind, Verification: d.Verification,
		Fingerprint: d.Fingerprint(), ByAdministrator: e.byAdministrator(), AppearedAt: d.CreatedAt, ExpiresAt: e.ExpiresAt.Time,
	}, nil
}

// Confirm makes the device of a proved enrolment active. The caller has made sure
// that it is the person who asks.
func (s *Devices) Confirm(ctx context.Context, userID, enrolmentID string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.ConfirmTx(tx, userID, enrolmentID) })
}

// ConfirmTx is Confirm in the caller's transaction.
func (s *Devices) ConfirmTx(tx *db.Tx, userID, enrolmentID string) error {
	now := s.now()
	e, err := s.readUnfinishedTx(tx, enrolmentID, userID, now)
	if err == nil && e.State != enrolmentProved {
		err = ErrNotWaiting
	}
	if err == nil {
		err = s.activate(tx, *e.DeviceID, e, now)
	}
	return wrap("confirm enrolment", err)
}

// Refuse ends an enrolment, or withdraws a link that nobody has used yet.
func (s *Devices) Refuse(ctx context.Context, userID, enrolmentID string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		e, err := s.readUnfinishedTx(tx, enrolmentID, userID, now)
		if err == nil {
			err = s.end(tx, e, enrolmentRefused, "user", now)
		}
		return wrap("refuse enrolment", err)
	})
}

// activate is the end of every enrolment that went well.
func (s *Devices) activate(tx *db.Tx, deviceID string, e enrolment, now time.Time) error {
	switch err := s.mustBeActive(tx, e.UserID); {
	case errors.Is(err, ErrNoAccount):
		return ErrNotWaiting
	case err != nil:
		return err
	}
	if err := s.moveEnrolment(tx, e, enrolmentActive, now); err != nil {
		return err
	}
	name, err := activateDevice(tx, deviceID, now)
	if err != nil {
		return err
	}
	if err := s.NotifyTx(tx, e.UserID, deviceID, DeviceAdded, name); err != nil {
		return err
	}
	tx.Announce(Topic(deviceID), EnrolmentsTopic(e.UserID))
	return audit.Record(tx, audit.Entry{At: now, Action: "device.enrolled", Subject: deviceID, User: e.UserID,
		Detail: map[string]any{"enrolment": e.ID, "confirmed": e.Confirm}})
}

// end takes an enrolment to a state in which it failed.
func (s *Devices) end(tx *db.Tx, e enrolment, to, reason string, now time.Time) error {
	if err := s.moveEnrolment(tx, e, to, now); err != nil {
		return err
	}
	return s.drop(tx, e, "device.enrolment."+to, reason, now)
}

// drop erases the half-made device of an enrolment that has ended.
func (s *Devices) drop(tx *db.Tx, e enrolment, action, reason string, now time.Time) error {
	subject := e.ID
	if e.DeviceID != nil {
		subject = *e.DeviceID
		if err := removeDevice(tx, e.UserID, subject, reason, now); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		tx.Announce(Topic(subject))
	}
	tx.Announce(EnrolmentsTopic(e.UserID))
	return audit.Record(tx, audit.Entry{At: now, Action: action, Subject: subject, User: e.UserID,
		Detail: map[string]any{"enrolment": e.ID, "reason": reason}})
}
