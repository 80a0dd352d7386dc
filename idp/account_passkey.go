package idp

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/passkey"
)

// ErrNoPasskeys: people cannot have passkeys here, since the public URL's host is an
// address and no name.
var ErrNoPasskeys = errors.New("passkeys need a public URL with a host name")

// TakesPasskeys reports whether people can have passkeys here.
func (s *Service) TakesPasskeys() bool {
	return s.MFA.Passkeys != nil && s.MFA.Passkeys.Available() == nil
}

// OwnPasskeys returns the passkeys of the person, the oldest first.
func (s *Service) OwnPasskeys(ctx context.Context, h Holder) ([]passkey.Passkey, error) {
	if s.MFA.Passkeys == nil {
		return nil, nil
	}
	return s.MFA.Passkeys.List(ctx, h.User.ID)
}

// OwnPasskey returns one passkey of the person, or passkey.ErrNotFound.
func (s *Service) OwnPasskey(ctx context.Context, h Holder, id string) (passkey.Passkey, error) {
	if s.MFA.Passkeys == nil {
		return passkey.Passkey{}, passkey.ErrNotFound
	}
	return s.MFA.Passkeys.Get(ctx, h.User.ID, id)
}

// PasskeyCreation is what the browser makes a passkey with, good for this session and for
// five minutes. Asking changes nothing.
func (s *Service) PasskeyCreation(ctx context.Context, f Fresh) (json.RawMessage, error) {
	if !s.TakesPasskeys() {
		return nil, ErrNoPasskeys
	}
	return s.MFA.Passkeys.CreationOptions(ctx, asOwner(f), f.Session.ID)
}

// AddPasskey keeps a passkey that the browser made. It returns passkey.ErrWrong,
// passkey.ErrRegistered or passkey.ErrBadName; and ErrSignIn if the password alone stands
// behind the session while the person got something better meanwhile.
func (s *Service) AddPasskey(ctx context.Context, f Fresh, name string, response []byte) error {
	if !s.TakesPasskeys() {
		return ErrNoPasskeys
	}
	made, err := s.MFA.Passkeys.Register(asOwner(f), f.Session.ID, name, response)
	if err != nil {
		return err
	}
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		if f.Bare {
			if err := s.stillBareTx(tx, f.User.ID); err != nil {
				return err
			}
		}
		k, err := s.MFA.Passkeys.AddTx(tx, made)
		if err != nil {
			return err
		}
		return s.TellTx(tx, f.User.ID, devices.PasskeyAdded, k.Name)
	})
}

// RenamePasskey changes what the person calls a passkey.
func (s *Service) RenamePasskey(ctx context.Context, h Holder, id, name string) error {
	if s.MFA.Passkeys == nil {
		return passkey.ErrNotFound
	}
	return s.MFA.Passkeys.Rename(asPerson(ctx, h), h.User.ID, id, name)
}

// RemovePasskey ends a passkey of the person for good. No browser is known afterwards.
func (s *Service) RemovePasskey(ctx context.Context, f Fresh, id string, elsewhere Elsewhere) error {
	const reason = "passkey removed"
	if s.MFA.Passkeys == nil {
		return passkey.ErrNotFound
	}
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		k, err := s.MFA.Passkeys.RemoveTx(tx, f.User.ID, id, byPerson)
		if err != nil {
			return err
		}
		if err := s.Sessions.ForgetBrowsersTx(tx, f.User.ID, reason); err != nil {
			return err
		}
		if err := s.TellTx(tx, f.User.ID, devices.PasskeyRemoved, k.Name); err != nil {
			return err
		}
		return s.elsewhereTx(tx, f, elsewhere, reason)
	})
}

// asOwner is the person as their authenticator shows them.
func asOwner(f Fresh) passkey.Person {
	return passkey.Person{UserID: f.User.ID, Name: f.User.Name, DisplayName: f.User.DisplayName()}
}

// BrowserName is the browser of this session in words, which is what most people would
// call a passkey that they make in it.
func (f Fresh) BrowserName() string { return describeBrowser(f.Session.UserAgent) }
