package idp

import (
	"context"
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Resetting is somebody who showed a code and has to choose a new password.
type Resetting struct {
	UserName string
	Form     string // the token of the form
}

// OpenReset takes the code of a link and returns the ticket for the browser that showed
// it. It returns reset.ErrNone for whatever is wrong with the code.
func (s *Service) OpenReset(ctx context.Context, code string) (ticket string, err error) {
	if s.Resets == nil {
		return "", reset.ErrNone
	}
	return s.Resets.Open(ctx, code, s.mayResetTx)
}

// Resetting returns whose password a ticket replaces, or reset.ErrNone.
func (s *Service) Resetting(ctx context.Context, ticket string) (Resetting, error) {
	u, err := s.ticketHolder(ctx, ticket)
	if err != nil {
		return Resetting{}, err
	}
	return Resetting{UserName: u.Name, Form: s.resetForm(ticket)}, nil
}

func (s *Service) ticketHolder(ctx context.Context, ticket string) (user.User, error) {
	if s.Resets == nil {
		return user.User{}, reset.ErrNone
	}
	r, err := s.Resets.Find(ctx, ticket)
	if err != nil {
		return user.User{}, err
	}
	u, err := s.Users.ByID(ctx, r.UserID)
	if errors.Is(err, user.ErrNotFound) {
		err = reset.ErrNone
	}
	return u, err
}

func (s *Service) resetForm(ticket string) string {
	return fmt.Sprintf("%x", s.Box.MAC("reset-form", ticket))
}

// ResetPassword sets the password that somebody chose who holds a ticket. It signs nobody
// in: what else the account needs is asked at the next sign-in as ever. All sessions end,
// no browser is known any more, and the person is told by every channel.
//
// It returns reset.ErrNone if the ticket is not good any more, ErrMoved for a stale form,
// a *password.Refusal if the password must not be chosen, and a *password.BusyError when
// the server has too many hashes to compute.
func (s *Service) ResetPassword(ctx context.Context, b Browser, ticket, form, chosen string) error {
	u, err := s.ticketHolder(ctx, ticket)
	if err != nil {
		return err
	}
	if !hmac.Equal([]byte(form), []byte(s.resetForm(ticket))) {
		return ErrMoved
	}
	if err := s.Passwords.Check(chosen, s.wordsAbout(u)...); err != nil {
		return err
	}
	hash, err := s.Hasher.Hash(ctx, chosen)
	if err != nil {
		return fmt.Errorf("reset a password: %w", err)
	}
	return s.DB.Write(audit.As(ctx, "reset"), func(tx *db.Tx) error {
		used, err := s.Resets.UseTx(tx, ticket, s.mayResetTx)
		if err != nil {
			return err
		}
		return s.resetTx(tx, used, b, hash)
	})
}

func (s *Service) resetTx(tx *db.Tx, used reset.Reset, b Browser, hash string) error {
	const reason = "password reset"
	if err := s.Users.SetPasswordHashTx(tx, used.UserID, hash); err != nil {
		return err
	}
	// Whoever knew the old one does not know this one.
	if err := ThawPasswordTx(tx, used.UserID); err != nil {
		return err
	}
	if err := s.endSessionsTx(tx, used.UserID, "", reason); err != nil {
		return err
	}
	if err := s.Sessions.ForgetBrowsersTx(tx, used.UserID, reason); err != nil {
		return err
	}
	// Guesses at the old password say nothing about the new one, and no known browser is
	// left that could get past a closed account.
	if err := throttle.UnlockTx(tx, used.UserID, PasswordAuthenticator, ResetAuthenticator); err != nil {
		return err
	}
	if err := s.TellTx(tx, used.UserID, devices.PasswordChanged, ""); err != nil {
		return err
	}
	return s.Signals.RecordTx(tx, signals.Event{
		Type: signals.PasswordReset, User: used.UserID, IP: b.IP, At: s.now(), Detail: map[string]any{"by": used.MadeBy},
	})
}

// mayResetTx reports whether a way to a new password is open to its person: they are
// active, and unless an administrator vouched for them, the password is not one that was
// reported.
func (s *Service) mayResetTx(tx *db.Tx, r reset.Reset) (bool, error) {
	active, err := user.ActiveTx(tx, r.UserID)
	if err != nil || !active || r.ByAdministrator() {
		return active, err
	}
	frozen, err := PasswordFrozenTx(tx, r.UserID)
	return !frozen, err
}

// TellTx tells a person by every channel that something about the account has changed, in
// the transaction that changes it: the devices, and mail where there is an address. about
// is the name of what did.
func (s *Service) TellTx(tx *db.Tx, userID string, kind devices.NoticeKind, about string) error {
	return s.Devices.NotifyTx(tx, userID, "", kind, about)
}

// wordsAbout are what a person's password must not be made of.
func (s *Service) wordsAbout(u user.User) []string {
	c := u.Claims
	return slices.Concat([]string{u.Name, c.Email, c.Name, c.GivenName, c.FamilyName, c.Nickname}, s.PasswordWords)
}
