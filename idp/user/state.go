package user

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Disable keeps a person from signing in. Whoever honours a session or a token of
// his reads this row first, so it holds at once. Disabling twice is no fault.
func (s *Users) Disable(ctx context.Context, id string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.DisableTx(tx, id) })
	if err != nil {
		return fmt.Errorf("disable user: %w", err)
	}
	return nil
}

// DisableTx is Disable together with whatever else it means to the caller, such as
// ending sessions, which otherwise come back to life with the person.
func (s *Users) DisableTx(tx *db.Tx, id string) error {
	return s.setStateTx(tx, id, Disabled, "user.disabled")
}

// Enable lets a disabled person sign in again.
func (s *Users) Enable(ctx context.Context, id string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.setStateTx(tx, id, Active, "user.enabled") })
	if err != nil {
		return fmt.Errorf("enable user: %w", err)
	}
	return nil
}

func (s *Users) setStateTx(tx *db.Tx, id string, to State, action string) error {
	changed, err := updateState(tx, id, to)
	if err != nil || !changed {
		return err
	}
	return s.recordTx(tx, action, id, nil)
}

// UnlockedTx notes that an administrator made the counts of a person's wrong guesses
// forgotten, which rooms that know no people do in the same transaction.
func (s *Users) UnlockedTx(tx *db.Tx, id string) error {
	return s.recordTx(tx, "user.unlocked", id, nil)
}

// ActiveTx reports, in a transaction of somebody else, whether the person exists
// and may sign in.
func ActiveTx(tx *db.Tx, id string) (bool, error) {
	return isActive(tx, id)
}

// HoldTx makes other changes of the person wait for the end of the transaction.
func HoldTx(tx *db.Tx, id string) error { return lockUser(tx, id) }

// PasswordChangedTx returns when a person's password was last set, and makes other changes
// of the person wait for the end of the transaction.
func PasswordChangedTx(tx *db.Tx, id string) (time.Time, error) {
	if err := lockUser(tx, id); err != nil {
		return time.Time{}, err
	}
	u, err := getUserTx(tx, id)
	return u.PasswordChangedAt, err
}

// PasswordHashTx returns the hash of a person's password as the transaction sees it, ""
// if they have none.
func PasswordHashTx(tx *db.Tx, id string) (string, error) {
	u, err := getUserTx(tx, id)
	return u.PasswordHash, err
}

// SetPasswordHash stores a hash that was made beforehand, since hashing has no
// place in a transaction.
func (s *Users) SetPasswordHash(ctx context.Context, id, hash string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.SetPasswordHashTx(tx, id, hash) })
	if err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// SetPasswordHashTx is SetPasswordHash together with whatever else a new password
// means to the caller, such as ending sessions.
func (s *Users) SetPasswordHashTx(tx *db.Tx, id, hash string) error {
	if err := updatePassword(tx, id, hash, s.now()); err != nil {
		return err
	}
	return s.recordTx(tx, "user.password.set", id, nil)
}

// Rehash replaces a hash by a new one of the same password, made at another cost.
// If the password was changed in the meantime nothing happens.
func (s *Users) Rehash(ctx context.Context, id, old, hash string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		replaced, err := replaceHash(tx, id, old, hash)
		if err != nil || !replaced {
			return err
		}
		return s.recordTx(tx, "user.password.rehashed", id, nil)
	})
	if err != nil {
		return fmt.Errorf("rehash password: %w", err)
	}
	return nil
}
