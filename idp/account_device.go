package idp

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/token"
)

// Elsewhere says whether a change also signs the person out in their other browsers.
type Elsewhere bool

// What becomes of the other sessions.
const (
	StaySignedIn Elsewhere = false
	SignOutElse  Elsewhere = true
)

// byPerson is the reason that the journal gives for what people do themselves.
const byPerson = "user"

// AddDevice makes a link for a device that the person will confirm.
func (s *Service) AddDevice(ctx context.Context, f Fresh) (devices.Link, error) {
	link, err := s.Devices.Link(asPerson(ctx, f.Holder), devices.LinkRequest{
		UserID: f.User.ID, Valid: devices.PortalLink, Confirm: true, MadeBy: "user:" + f.User.ID,
	})
	if err != nil {
		return devices.Link{}, fmt.Errorf("add a device: %w", err)
	}
	return link, nil
}

// Waiting returns the devices that this person can confirm now.
func (s *Service) Waiting(ctx context.Context, c Confirmer) (list []devices.Pending, err error) {
	all, err := s.Devices.AwaitingConfirmation(ctx, c.User.ID)
	for _, p := range all {
		if c.mayConfirm(p.ByAdministrator) {
			list = append(list, p)
		}
	}
	return list, err
}

// mayConfirm reports whether what was proved is enough for a link. A link that the
// person made needs all of it, or a password alone would gain a device.
func (c Confirmer) mayConfirm(byAdministrator bool) bool { return c.whole || byAdministrator }

// ConfirmDevice makes a device that waits the person's own. It returns
// devices.ErrNotWaiting if it does not wait, or not for this person.
func (s *Service) ConfirmDevice(ctx context.Context, c Confirmer, enrolmentID string) error {
	e, err := s.Devices.Enrolment(ctx, c.User.ID, enrolmentID)
	if err != nil {
		return err
	}
	if !c.mayConfirm(e.ByAdministrator) {
		return devices.ErrNotWaiting
	}
	return s.DB.Write(asPerson(ctx, c.Holder), func(tx *db.Tx) error {
		if c.Bare && !e.ByAdministrator {
			if err := s.stillBareTx(tx, c.User.ID); err != nil {
				return err
			}
		}
		return s.Devices.ConfirmTx(tx, c.User.ID, enrolmentID)
	})
}

// stillBareTx fails if the person has got a device or a passkey since their session was looked at:
// from then on the password alone adds none. The person's row makes two such
// transactions wait for each other.
func (s *Service) stillBareTx(tx *db.Tx, userID string) error {
	if err := user.HoldTx(tx, userID); err != nil {
		return err
	}
	guarded, err := devices.GuardedTx(tx, userID)
	if err == nil && !guarded {
		guarded, err = passkey.GuardedTx(tx, userID)
	}
	if err == nil && !guarded {
		guarded, err = token.GuardedTx(tx, userID)
	}
	if err == nil && guarded {
		err = ErrSignIn
	}
	return err
}

// RefuseDevice turns a device away, or withdraws a link.
func (s *Service) RefuseDevice(ctx context.Context, c Confirmer, enrolmentID string) error {
	e, err := s.Devices.Enrolment(ctx, c.User.ID, enrolmentID)
	if err != nil {
		return err
	}
	if !c.mayConfirm(e.ByAdministrator) {
		return devices.ErrNotWaiting
	}
	return s.Devices.Refuse(asPerson(ctx, c.Holder), c.User.ID, enrolmentID)
}

// SuspendDevice takes a device of the person out of use.
func (s *Service) SuspendDevice(ctx context.Context, f Fresh, id string, elsewhere Elsewhere) error {
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		if err := s.Devices.SuspendTx(tx, f.User.ID, id, byPerson); err != nil {
			return err
		}
		return s.elsewhereTx(tx, f, elsewhere, "device suspended")
	})
}

// ResumeDevice puts a suspended device of the person back into use.
func (s *Service) ResumeDevice(ctx context.Context, f Fresh, id string) error {
	return s.Devices.Resume(asPerson(ctx, f.Holder), f.User.ID, id)
}

// RemoveDevice ends a device of the person for good. No browser is known afterwards.
func (s *Service) RemoveDevice(ctx context.Context, f Fresh, id string, elsewhere Elsewhere) error {
	const reason = "device removed"
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		if err := s.Devices.RemoveTx(tx, f.User.ID, id, byPerson); err != nil {
			return err
		}
		if err := s.Sessions.ForgetBrowsersTx(tx, f.User.ID, reason); err != nil {
			return err
		}
		return s.elsewhereTx(tx, f, elsewhere, reason)
	})
}

// asPerson says in the journal who did what follows.
func asPerson(ctx context.Context, h Holder) context.Context {
	return audit.As(ctx, "user:"+h.User.ID)
}
