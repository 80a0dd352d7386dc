package mfa

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Proof is a second factor that has just been proved.
type Proof struct {
	UserID      string
	DeviceID    string
	DeviceName  string
	Token       string   // the id of the authenticator app or hardware token, or ""
	Recovery    bool     // it was a recovery code
	ChallengeID string   // "" for whatever was typed
	Passkey     string   // the id of the passkey that signed, or ""
	Methods     []string // amr values (RFC 8176)
	Numbered    bool     // the match number was typed, or the answer came from the browser that asked
	At          time.Time
}

// Verify checks the passcode that the login page submits against the device that
// approved and against this one challenge, uses both up, and runs then in the same
// transaction. It works once.
//
// It returns ErrPending before the approval, *WrongPasscodeError for other digits,
// ErrInactive for a person who was disabled meanwhile, and ErrOver when there is
// nothing left to verify.
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
	right, err := s.answers(c, d, pathTaken(c, d), passcode)
	if err != nil {
		return fmt.Errorf("verify a passcode: %w", err)
	}
	var refused error // counts once it is committed, with the entry that tells of it
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refused, err = s.verifyTx(tx, c, d, right, then)
		return err
	})
	return wrap("verify a passcode", cmp.Or(err, refused))
}

func (s *Service) verifyTx(tx *db.Tx, c challenge, d devices.Device, right bool, then func(tx *db.Tx, p Proof) error) (refused, err error) {
	now := s.now()
	switch err := s.holdTx(tx, c, d.ID); {
	case errors.Is(err, devices.ErrNotFound): // what it approved goes with it
		return ErrOver, s.endOpenTx(tx, c, Withdrawn, now)
	case errors.Is(err, ErrInactive):
		return ErrInactive, s.endOpenTx(tx, c, Withdrawn, now)
	case err != nil:
		return nil, err
	}
	if !right {
		return s.missAtPageTx(tx, c, now)
	}
	if err := s.verifiedTx(tx, c.ID, c.LoginID, now); err != nil {
		return nil, err
	}
	tx.Announce(challengeTopic(c.ID))
	if err := audit.Record(tx, audit.Entry{
		At: now, Action: "challenge.verified", Subject: c.ID, User: c.UserID, Client: c.ClientID,
		Detail: map[string]any{"device": d.ID, "login": c.LoginID},
	}); err != nil {
		return nil, err
	}
	return nil, then(tx, Proof{
		UserID: c.UserID, DeviceID: d.ID, DeviceName: d.Name, ChallengeID: c.ID,
		Methods: c.Methods.V, Numbered: c.MatchDigits > 0, At: now,
	})
}

// missAtPageTx counts wrong digits on the login page after the approval.
func (s *Service) missAtPageTx(tx *db.Tx, c challenge, now time.Time) (refused, err error) {
	tries, err := s.missApprovedTx(tx, c.ID, now)
	if err != nil {
		return nil, err
	}
	left := max(0, maxTries-tries)
	if left == 0 {
		if err := s.endOpenTx(tx, c, Failed, now); err != nil {
			return nil, err
		}
	}
	return &WrongPasscodeError{TriesLeft: left}, audit.Record(tx, audit.Entry{
		At: now, Action: "challenge.passcode", Outcome: audit.Refused, Subject: c.ID,
		User: c.UserID, Client: c.ClientID, Detail: map[string]any{"tries_left": left, "login": c.LoginID},
	})
}

// WithdrawTx ends a login's challenge because the login was cancelled or finished in
// another way. A challenge that is over stays as it is.
func (s *Service) WithdrawTx(tx *db.Tx, challengeID string) error {
	if challengeID == "" {
		return nil
	}
	c, err := s.lockTx(tx, challengeID)
	if errors.Is(err, db.ErrNotFound) {
		return nil
	}
	if err != nil || c.State != Pending && c.State != Approved {
		return err
	}
	return s.endOpenTx(tx, c, Withdrawn, s.now())
}

// WithdrawUserTx ends whatever is pending for a person who may no longer sign in.
func (s *Service) WithdrawUserTx(tx *db.Tx, userID string) error {
	c, found, err := s.pendingOfTx(tx, userID)
	if err != nil || !found {
		return err
	}
	return s.endOpenTx(tx, c, Withdrawn, s.now())
}
