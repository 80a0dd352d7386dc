package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Proof is a second factor that has just been proved.
type Proof struct {
	UserID      string
	DeviceID    string
	DeviceName  string
	ChallengeID string   // "" for a typed passcode
	Methods     []string // amr values (RFC 8176)
	Numbered    bool     // the match number was typed
	At          time.Time
}

// Verify checks the passcode that the login page submits against the device that
// approved and against this one challenge, uses both up, and runs then in the same
// transaction. It works once.
//
// It returns ErrPending before the approval, *WrongPasscodeError for other digits
// and ErrOver when there is nothing left to verify.
func (s *Service) Verify(ctx context.Context, loginID, challengeID, passcode string, then func(tx *db.Tx, p Proof) error) error {
	c, err := s.find(ctx, challengeID)
	switch {
	case errors.Is(err, db.ErrNotFound) || err == nil && c.LoginID != loginID:
		return ErrOver
	case err != nil:
		return fmt.Errorf("verify a passcode: %w", err)
	}
	switch c.stateAt(s.now()) {
	case Pending:
		return ErrPending
	case Approved:
	default:
		return ErrOver
	}
	d, err := s.Devices.Get(ctx, *c.DeviceID)
	if err != nil {
		return fmt.Errorf("verify a passcode: %w", err)
	}
	secret, err := s.pushSecret(d)
	if err != nil {
		return err
	}
	question := protocol.Question(c.request(s.now()).Approval(s.Issuer, d.ID, "", protocol.Approve))
	switch err := otp.VerifyPushPasscode(secret, question[:], otp.Normalize(passcode)); {
	case errors.Is(err, otp.ErrWrong):
		return s.missAtPage(ctx, c)
	case err != nil:
		return fmt.Errorf("verify a passcode: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.verifyTx(tx, c, d, then) })
	if err != nil {
		return fmt.Errorf("verify a passcode: %w", err)
	}
	return nil
}

func (s *Service) verifyTx(tx *db.Tx, c challenge, d devices.Device, then func(tx *db.Tx, p Proof) error) error {
	now := s.now()
	if active, err := s.People.ActiveTx(tx, c.UserID); err != nil || !active {
		return errors.Join(ErrInactive, err)
	}
	if err := s.Devices.HoldActiveTx(tx, c.UserID, d.ID); err != nil {
		return errors.Join(ErrOver, err)
	}
	if err := s.verifiedTx(tx, c.ID, c.LoginID, now); err != nil {
		return err
	}
	tx.Announce(challengeTopic(c.ID))
	if err := audit.Record(tx, audit.Entry{
		At: now, Action: "challenge.verified", Subject: c.ID, User: c.UserID, Client: c.ClientID,
		Detail: map[string]any{"device": d.ID, "login": c.LoginID},
	}); err != nil {
		return err
	}
	return then(tx, Proof{
		UserID: c.UserID, DeviceID: d.ID, DeviceName: d.Name, ChallengeID: c.ID,
		Methods: c.Methods.V, Numbered: c.MatchDigits > 0, At: now,
	})
}

// missAtPage counts wrong digits on the login page after the approval.
func (s *Service) missAtPage(ctx context.Context, c challenge) error {
	left := 0
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tries, err := missTx(tx, c.ID, Approved)
		if errors.Is(err, db.ErrNotFound) {
			return ErrOver
		}
		if err != nil {
			return err
		}
		left = max(0, maxTries-tries)
		if left == 0 {
			tx.Announce(challengeTopic(c.ID))
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "challenge.wrong_passcode", Outcome: audit.Refused, Subject: c.ID,
			User: c.UserID, Client: c.ClientID, Detail: map[string]any{"tries_left": left, "at": "login page"},
		})
	})
	if err != nil {
		return fmt.Errorf("count a wrong passcode: %w", err)
	}
	return &WrongPasscodeError{TriesLeft: left}
}

// WithdrawTx ends a login's challenge because the login was cancelled or finished in
// another way. A challenge that is over stays as it is.
func (s *Service) WithdrawTx(tx *db.Tx, challengeID string) error {
	if challengeID == "" {
		return nil
	}
	var c challenge
	err := tx.Get(&c, "SELECT "+challengeColumns+" FROM challenges WHERE id = $1", challengeID)
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch c.State {
	case Pending:
		return s.endPendingTx(tx, c, Withdrawn, s.now())
	case Approved:
		_, err := endTx(tx, c.ID, Approved, Withdrawn)
		return err
	}
	return nil
}

// WithdrawUserTx ends whatever is pending for a person who may no longer sign in.
func (s *Service) WithdrawUserTx(tx *db.Tx, userID string) error {
	c, found, err := s.pendingOfTx(tx, userID)
	if err != nil || !found {
		return err
	}
	return s.endPendingTx(tx, c, Withdrawn, s.now())
}
