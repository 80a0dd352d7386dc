package mfa

import (
	"context"
	"errors"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Typed is what a person typed as second factor: a passcode from a device's display, an
// authenticator app or a hardware token (TOTP, RFC 6238; HOTP, RFC 4226), for use
// without push and network; or a recovery code.
type Typed struct {
	UserID       string
	LoginID      string
	ClientID     string
	Code         string
	IP           string
	KnownBrowser string
	Demand       Demand
	// ChallengeID is the login's own request, withdrawn when the code is right.
	ChallengeID string
}

// TypedAuthenticator names typed passcodes in the counts of wrong guesses: one count,
// whatever they are compared with.
const TypedAuthenticator = "typed"

// VerifyTyped checks a typed passcode against every active device and token of the
// person, uses it up and runs then in the same transaction. It ends a pause of push for
// this kind of browser.
//
// It returns *WrongPasscodeError, or *throttle.WaitError and *throttle.ClosedError
// when the code was not even looked at.
func (s *Service) VerifyTyped(ctx context.Context, t Typed, then func(tx *db.Tx, p Proof) error) error {
	return s.guess(ctx, t, guessing{TypedAuthenticator, "passcode.typed"}, func(tx *db.Tx, attempt throttle.Attempt) error {
		return s.typedTx(tx, t, attempt, then)
	})
}

func (s *Service) typedTx(tx *db.Tx, t Typed, attempt throttle.Attempt, then func(tx *db.Tx, p Proof) error) error {
	now := s.now()
	p, err := s.madeByTx(tx, t)
	if err != nil {
		return err
	}
	p.UserID, p.At, p.Methods = t.UserID, now, []string{"otp"}
	if err := s.rightTx(tx, t, attempt); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Entry{
		At: now, Action: "passcode.typed", Subject: t.LoginID, User: t.UserID, Client: t.ClientID,
		Detail: map[string]any{"device": p.DeviceID, "token": p.Token},
	}); err != nil {
		return err
	}
	return then(tx, p)
}

// madeByTx finds the device or the token that a passcode came from and uses it up.
func (s *Service) madeByTx(tx *db.Tx, t Typed) (Proof, error) {
	d, err := s.Devices.VerifyTypedTx(tx, t.UserID, t.Code, s.now())
	switch {
	case err == nil && !t.Demand.acceptsTyped(d):
		return Proof{}, otp.ErrWrong
	case err == nil:
		return Proof{DeviceID: d.ID, DeviceName: d.Name}, nil
	case s.Tokens == nil || !errors.Is(err, otp.ErrWrong) && !errors.Is(err, otp.ErrReplayed):
		return Proof{}, err
	case !t.Demand.Allows(MethodPasscode):
		return Proof{}, err
	}
	made, err := s.Tokens.VerifyTx(tx, t.UserID, t.Code, s.now())
	return Proof{Token: made.ID}, err
}

// typedWays tells what the person could type.
func (s *Service) typedWays(ctx context.Context, ask Ask, w *Ways) error {
	if s.Tokens != nil && ask.Demand.Allows(MethodPasscode) {
		all, err := s.Tokens.List(ctx, ask.UserID)
		if err != nil {
			return err
		}
		for _, t := range all {
			w.Typed, w.Long = true, w.Long || t.Digits > 6
		}
	}
	if s.Recovery != nil && ask.Demand.Allows(MethodRecovery) {
		set, err := s.Recovery.Find(ctx, ask.UserID)
		if err != nil {
			return err
		}
		w.Recovery = set.Left > 0
	}
	return nil
}
