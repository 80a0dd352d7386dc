package idp

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/token"
)

// HeldTokens returns the person's authenticator apps and hardware tokens.
func (s *Service) HeldTokens(ctx context.Context, h Holder) ([]token.Token, error) {
	return s.MFA.Tokens.List(ctx, h.User.ID)
}

// BeginToken makes a secret for an authenticator app of the person, who then proves one
// passcode.
func (s *Service) BeginToken(ctx context.Context, f Fresh, name string) (token.Token, error) {
	return s.MFA.Tokens.Begin(asPerson(ctx, f.Holder), f.User.ID, name)
}

// ConfirmToken makes an authenticator app the person's own, because it made this
// passcode. It returns otp.ErrWrong for another one.
func (s *Service) ConfirmToken(ctx context.Context, f Fresh, id, passcode string) error {
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		if f.Bare {
			if err := s.stillBareTx(tx, f.User.ID); err != nil {
				return err
			}
		}
		t, err := s.MFA.Tokens.ActivateTx(tx, f.User.ID, id, passcode)
		if err != nil {
			return err
		}
		return s.TellTx(tx, f.User.ID, devices.TokenAdded, t.Name)
	})
}

// RenameToken changes what the person calls a token.
func (s *Service) RenameToken(ctx context.Context, h Holder, id, name string) error {
	return s.MFA.Tokens.Rename(asPerson(ctx, h), h.User.ID, id, name)
}

// RemoveToken ends a token of the person for good. No browser is known afterwards.
func (s *Service) RemoveToken(ctx context.Context, f Fresh, id string, elsewhere Elsewhere) error {
	const reason = "token removed"
	return s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) error {
		t, err := s.MFA.Tokens.RemoveTx(tx, f.User.ID, id)
		if err != nil {
			return err
		}
		if err := s.Sessions.ForgetBrowsersTx(tx, f.User.ID, reason); err != nil {
			return err
		}
		if err := s.TellTx(tx, f.User.ID, devices.TokenRemoved, t.Name); err != nil {
			return err
		}
		return s.elsewhereTx(tx, f, elsewhere, reason)
	})
}

// RecoverySet says how many recovery codes the person has left.
func (s *Service) RecoverySet(ctx context.Context, h Holder) (recovery.Set, error) {
	return s.MFA.Recovery.Find(ctx, h.User.ID)
}

// MakeRecoveryCodes gives the person a new set of codes in the place of the former one.
// Somebody with nothing but a password gets none: the codes would be a second factor
// that a password alone had gained.
func (s *Service) MakeRecoveryCodes(ctx context.Context, f Fresh, former string) (codes []string, err error) {
	if f.Bare {
		return nil, ErrBare
	}
	err = s.DB.Write(asPerson(ctx, f.Holder), func(tx *db.Tx) (err error) {
		if codes, err = s.MFA.Recovery.MakeTx(tx, f.User.ID, former, "user:"+f.User.ID); err != nil {
			return err
		}
		return s.TellTx(tx, f.User.ID, devices.RecoveryCodesMade, "")
	})
	if err != nil {
		return nil, fmt.Errorf("make recovery codes: %w", err)
	}
	return codes, nil
}

// Recovered reports whether the session was opened by a recovery code: its person may
// replace what was lost, though a stronger factor is on record (NIST SP 800-63B-4,
// section 4.2).
func (h Holder) Recovered() bool { return h.Session.Evidence.Recovery }
