package mfa

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Typed is a passcode that a person typed from a device's display (TOTP, RFC 6238),
// for use without push and network.
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

// TypedAuthenticator names typed passcodes in the counts of wrong guesses.
const TypedAuthenticator = "typed"

// VerifyTyped checks a typed passcode against every active device of the person,
// uses it up and runs then in the same transaction. It ends a pause of push for
// this kind of browser.
//
// It returns *WrongPasscodeError, or *throttle.WaitError and *throttle.ClosedError
// when the code was not even looked at.
func (s *Service) VerifyTyped(ctx context.Context, t Typed, then func(tx *db.Tx, p Proof) error) error {
	attempt, err := s.Guesses.Reserve(ctx, throttle.Target{
		Account: t.UserID, Authenticator: TypedAuthenticator, IP: t.IP, KnownBrowser: t.KnownBrowser,
	})
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.typedTx(tx, t, attempt, then) })
	switch {
	case err == nil:
		return nil
	case errors.Is(err, otp.ErrWrong), errors.Is(err, otp.ErrReplayed):
		return s.missTyped(ctx, t, attempt)
	}
	// Nothing was learned from it, whatever became of the request.
	return errors.Join(fmt.Errorf("verify a typed passcode: %w", err), s.Guesses.Drop(context.WithoutCancel(ctx), attempt))
}

func (s *Service) typedTx(tx *db.Tx, t Typed, attempt throttle.Attempt, then func(tx *db.Tx, p Proof) error) error {
	now := s.now()
	active, err := s.People.ActiveTx(tx, t.UserID)
	if err != nil {
		return err
	}
	if !active {
		return ErrInactive
	}
	d, err := s.Devices.VerifyTypedTx(tx, t.UserID, t.Code, now)
	if err != nil {
		return err
	}
	if !t.Demand.acceptsTyped(d) {
		return otp.ErrWrong
	}
	if err := throttle.RightTx(tx, attempt); err != nil {
		return err
	}
	if err := forgetBudgetTx(tx, t.UserID, budgetScope(t.KnownBrowser)); err != nil {
		return err
	}
	if err := s.WithdrawTx(tx, t.ChallengeID); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Entry{
		At: now, Action: "passcode.typed", Subject: t.LoginID, User: t.UserID, Client: t.ClientID,
		Detail: map[string]any{"device": d.ID},
	}); err != nil {
		return err
	}
	return then(tx, Proof{UserID: t.UserID, DeviceID: d.ID, DeviceName: d.Name, Methods: []string{"otp"}, At: now})
}

func (s *Service) missTyped(ctx context.Context, t Typed, attempt throttle.Attempt) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.Guesses.WrongTx(tx, attempt); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "passcode.typed", Outcome: audit.Refused, Subject: t.LoginID, User: t.UserID, Client: t.ClientID,
		})
	})
	if err != nil {
		return fmt.Errorf("record a wrong passcode: %w", err)
	}
	return &WrongPasscodeError{TriesLeft: -1}
}
