package idp

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/db"
)

// ChangePassword gives the person a new password. No browser is known afterwards. It
// returns a *password.Refusal if the password must not be chosen, and a
// *password.BusyError when the server has too many hashes to compute, ErrSignIn if a
// report demands another factor than the session proves.
func (s *Service) ChangePassword(ctx context.Context, f Fresh, chosen string, elsewhere Elsewhere) error {
	if err := s.Passwords.Check(chosen, s.wordsAbout(f.User)...); err != nil {
		return err
	}
	hash, err := s.Hasher.Hash(ctx, chosen)
	if err != nil {
		return fmt.Errorf("change a password: %w", err)
	}
	const reason = "password changed"
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		if err := mayReplaceTx(tx, f.User.ID, f.Session.Evidence); err != nil {
			return err
		}
		if err := s.Users.SetPasswordHashTx(tx, f.User.ID, hash); err != nil {
			return err
		}
		if err := ThawPasswordTx(tx, f.User.ID); err != nil {
			return err
		}
		if err := s.Sessions.ForgetBrowsersTx(tx, f.User.ID, reason); err != nil {
			return err
		}
		if err := s.TellTx(tx, f.User.ID, devices.PasswordChanged, ""); err != nil {
			return err
		}
		return s.elsewhereTx(tx, f, elsewhere, reason)
	})
}
