package devices

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/label"
)

// Verifies reports whether the device verifies its person before it approves.
func (d Device) Verifies() bool { return d.Verification != protocol.VerifyPlain }

// List returns the devices of a person, the oldest first and without removed ones.
func (s *Devices) List(ctx context.Context, userID string) ([]Device, error) {
	return s.readDevices(ctx, userID)
}

// Get returns a device in whatever state, also one that was removed: history has
// to name it. Otherwise it returns ErrNotFound.
func (s *Devices) Get(ctx context.Context, id string) (Device, error) {
	return s.readDevice(ctx, id)
}

// Active returns the devices of a person that may answer.
func (s *Devices) Active(ctx context.Context, userID string) ([]Device, error) {
	return s.readActive(ctx, userID)
}

// ActiveTx is Active as the transaction sees it.
func (s *Devices) ActiveTx(tx *db.Tx, userID string) ([]Device, error) {
	return readActiveTx(tx, userID)
}

// GuardedTx reports whether the person has a device, be it suspended.
func GuardedTx(tx *db.Tx, userID string) (bool, error) { return hasGuardTx(tx, userID) }

// HoldActiveTx fails with ErrNotFound unless the device is the person's and active,
// and keeps it so until the transaction ends. It is how an answer becomes
// conditional on its device.
func (s *Devices) HoldActiveTx(tx *db.Tx, userID, id string) error { return holdActive(tx, userID, id) }

// Suspend takes an active device out of use until Resume. The reason is one short
// word, such as "user" or "admin".
func (s *Devices) Suspend(ctx context.Context, userID, id, reason string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.SuspendTx(tx, userID, id, reason) })
}

// SuspendTx is Suspend in the caller's transaction.
func (s *Devices) SuspendTx(tx *db.Tx, userID, id, reason string) error {
	return s.changeTx(tx, "device.suspended", userID, id, map[string]any{"reason": reason}, func() error {
		return suspendDevice(tx, userID, id, reason)
	})
}

// Resume puts a suspended device back into use and forgets its wrong PINs.
func (s *Devices) Resume(ctx context.Context, userID, id string) error {
	return s.change(ctx, "device.resumed", userID, id, nil, func(tx *db.Tx) error {
		return resumeDevice(tx, userID, id)
	})
}

// Remove ends a device for good and erases its secrets. Its key never enrols again.
func (s *Devices) Remove(ctx context.Context, userID, id, reason string) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error { return s.RemoveTx(tx, userID, id, reason) })
}

// RemoveTx is Remove together with whatever else it means to the caller, such as the
// memory of known browsers.
func (s *Devices) RemoveTx(tx *db.Tx, userID, id, reason string) error {
	return s.changeTx(tx, "device.removed", userID, id, map[string]any{"reason": reason}, func() error {
		if err := removeDevice(tx, userID, id, reason, s.now()); err != nil {
			return err
		}
		tx.Announce(EnrolmentsTopic(userID))
		if err := s.refuseEnrolmentOf(tx, id); err != nil {
			return err
		}
		name, err := nameIfUsed(tx, id)
		if err != nil || name == "" {
			return err
		}
		return s.NotifyTx(tx, userID, id, DeviceRemoved, name)
	})
}

// Rename changes what the person calls the device.
func (s *Devices) Rename(ctx context.Context, userID, id, name string) error {
	name, ok := label.Clean(name)
	if !ok {
		return ErrBadName
	}
	return s.change(ctx, "device.renamed", userID, id, map[string]any{"name": name}, func(tx *db.Tx) error {
		return renameDevice(tx, userID, id, name)
	})
}

// SetPush says whether an active device is woken. Saying what is so already
// changes nothing and is no error.
func (s *Devices) SetPush(ctx context.Context, userID, id string, on bool) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := holdActive(tx, userID, id); err != nil {
			return err
		}
		n, err := setPush(tx, userID, id, on)
		if n == 0 || err != nil {
			return err
		}
		tx.Announce(Topic(id))
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "device.push.set", Subject: id, User: userID,
			Detail: map[string]any{"on": on}})
	})
	return wrap("set push", err)
}

// ForbidPush says whether a device may be asked to approve at all. It is for administrators:
// what the person has switched stays as it is. Saying what is so already changes nothing and
// is no error.
func (s *Devices) ForbidPush(ctx context.Context, userID, id string, forbidden bool) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err := forbidPush(tx, userID, id, forbidden)
		if n == 0 || err != nil {
			return err
		}
		tx.Announce(Topic(id))
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "device.push.forbidden", Subject: id, User: userID,
			Detail: map[string]any{"forbidden": forbidden}})
	})
	return wrap("forbid push", err)
}

// change is changeTx in a transaction of its own.
func (s *Devices) change(ctx context.Context, action, userID, id string, detail map[string]any, fn func(*db.Tx) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		return s.changeTx(tx, action, userID, id, detail, func() error { return fn(tx) })
	})
}

// changeTx runs one change of a device, with its audit entry and its announcement.
func (s *Devices) changeTx(tx *db.Tx, action, userID, id string, detail map[string]any, fn func() error) error {
	if err := fn(); err != nil {
		return wrap(action, err)
	}
	tx.Announce(Topic(id))
	return audit.Record(tx, audit.Entry{At: s.now(), Action: action, Subject: id, User: userID, Detail: detail})
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
