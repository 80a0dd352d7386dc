package mfa

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/throttle"
)

// guessing says what is guessed at, and what the journal calls a wrong guess.
type guessing struct{ authenticator, action string }

// guess looks at one thing that a person typed. The attempt is reserved before, judged
// in one transaction with everything that follows from it, and counted if it was wrong.
func (s *Service) guess(ctx context.Context, t Typed, g guessing, judge func(tx *db.Tx, attempt throttle.Attempt) error) error {
	attempt, err := s.Guesses.Reserve(ctx, throttle.Target{
		Account: t.UserID, Authenticator: g.authenticator, IP: t.IP, KnownBrowser: t.KnownBrowser,
	})
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		active, err := s.People.ActiveTx(tx, t.UserID)
		if err != nil {
			return err
		}
		if !active {
			return ErrInactive
		}
		return judge(tx, attempt)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, otp.ErrWrong), errors.Is(err, otp.ErrReplayed), errors.Is(err, recovery.ErrWrong):
		return s.missTyped(ctx, t, g, attempt)
	}
	// Nothing was learned from it, whatever became of the request.
	return errors.Join(fmt.Errorf("verify what was typed: %w", err), s.Guesses.Drop(context.WithoutCancel(ctx), attempt))
}

// rightTx is what follows from every right guess: the counts begin anew, and push may be
// used again, since somebody proved themselves without it.
func (s *Service) rightTx(tx *db.Tx, t Typed, attempt throttle.Attempt) error {
	if err := throttle.RightTx(tx, attempt); err != nil {
		return err
	}
	if err := forgetBudgetTx(tx, t.UserID, budgetScope(t.KnownBrowser)); err != nil {
		return err
	}
	if err := forgetInquirersTx(tx, t.UserID); err != nil {
		return err
	}
	return s.WithdrawTx(tx, t.ChallengeID)
}

func (s *Service) missTyped(ctx context.Context, t Typed, g guessing, attempt throttle.Attempt) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.Guesses.WrongTx(tx, attempt); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: g.action, Outcome: audit.Refused, Subject: t.LoginID, User: t.UserID, Client: t.ClientID,
		})
	})
	if err != nil {
		return fmt.Errorf("record a wrong guess: %w", err)
	}
	return &WrongPasscodeError{TriesLeft: -1}
}
