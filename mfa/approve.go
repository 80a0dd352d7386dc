package mfa

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// approve judges an approval and then, whatever the judgement, goes the same way:
// only a challenge that is still pending takes it or counts it. Whoever sends many
// guesses at once learns from those that came too late nothing but that.
func (s *Service) approve(ctx context.Context, c challenge, d devices.Device, a protocol.Answer) error {
	fault, err := s.judge(c, d, a)
	if err != nil {
		return fmt.Errorf("judge an approval: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.holdTx(tx, c, d.ID); err != nil {
			return err
		}
		if fault != nil {
			return s.missTx(tx, c, d, fault)
		}
		return s.approvedTx(tx, c, d, a.Passcode, s.now())
	})
	if err == nil && fault != nil {
		return fault
	}
	return wrap("approve a request", err)
}

// judge checks everything that an approval carries: that the device was shown what
// the server asked, the passcode under the secret that the account's verification
// names, and the typed number. It returns what is wrong with it, or nil.
func (s *Service) judge(c challenge, d devices.Device, a protocol.Answer) (*protocol.Error, error) {
	if d.Verification == protocol.VerifyBiometric {
		return wrong(protocol.ErrWrongAssertion), nil // nothing to check one with yet, so none holds
	}
	approval := c.request(s.now()).Approval(s.Issuer, d.ID, a.Number, protocol.Approve)
	shown := protocol.ApprovalHash(approval)
	if subtle.ConstantTimeCompare(shown[:], a.Hash) != 1 {
		return wrong(protocol.ErrInvalidRequest), nil
	}
	right, err := s.answers(c, d, a.Passcode)
	if err != nil {
		return nil, err
	}
	// The passcode is judged before the number, so that a thief without the PIN
	// learns nothing about numbers.
	if !right {
		return wrong(protocol.ErrWrongPasscode), nil
	}
	if c.MatchDigits > 0 && subtle.ConstantTimeCompare([]byte(s.number(c)), []byte(a.Number)) != 1 {
		return wrong(protocol.ErrWrongNumber), nil
	}
	return nil, nil
}

// answers reports whether a passcode is the one that this device makes for this
// challenge. Each path of verification has a secret of its own, so that none can
// pose as another.
func (s *Service) answers(c challenge, d devices.Device, passcode string) (bool, error) {
	secret, err := s.Devices.ApprovalSecret(d)
	if errors.Is(err, devices.ErrNoSecret) { // it was removed
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open a device's secret: %w", err)
	}
	question := protocol.Question(c.request(s.now()).Approval(s.Issuer, d.ID, "", protocol.Approve))
	err = otp.VerifyPushPasscode(secret, question[:], passcode)
	if errors.Is(err, otp.ErrWrong) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) approvedTx(tx *db.Tx, c challenge, d devices.Device, passcode string, now time.Time) error {
	if d.Verification == protocol.VerifyPIN {
		if err := s.Devices.PINProvedTx(tx, d.ID); err != nil {
			return err
		}
	}
	if err := forgetBudgetTx(tx, c.UserID, c.Budget); err != nil {
		return err
	}
	c.Methods = db.List(methods(d)...)
	c.Passcode = s.Box.Seal(passcodePlace(c.ID), []byte(passcode))
	c.FinishBy = db.At(now.Add(s.finish()))
	return s.answeredTx(tx, c, d.ID, Approved, now)
}

// missTx counts a wrong approval against the challenge, a wrong passcode also
// against the device's PIN, and says how many tries are left.
func (s *Service) missTx(tx *db.Tx, c challenge, d devices.Device, fault *protocol.Error) error {
	now := s.now()
	tries, err := s.missPendingTx(tx, c.ID, now)
	if err != nil {
		return err
	}
	left := max(0, maxTries-tries)
	fault.TriesLeft = &left
	detail := map[string]any{"device": d.ID, "tries_left": left}
	if fault.Code == protocol.ErrWrongPasscode && d.Verification == protocol.VerifyPIN {
		disabled, err := s.Devices.PINFailedTx(tx, d.ID)
		if err != nil {
			return err
		}
		detail["device_disabled"] = disabled
	}
	tx.Announce(challengeTopic(c.ID))
	if left == 0 {
		if err := s.endOpenTx(tx, c, Failed, now); err != nil {
			return err
		}
	}
	return audit.Record(tx, audit.Entry{
		At: now, Action: "challenge.answer", Outcome: audit.Refused, Subject: c.ID, User: c.UserID, Client: c.ClientID,
		Detail: with(detail, "reason", fault.Code),
	})
}

func with(detail map[string]any, key string, value any) map[string]any {
	detail[key] = value
	return detail
}

func wrong(code protocol.Code) *protocol.Error {
	return &protocol.Error{Code: code, Message: wrongMessage[code]}
}

var wrongMessage = map[protocol.Code]string{
	protocol.ErrInvalidRequest: "the approval is for another request than the one that was asked",
	protocol.ErrWrongAssertion: "the assertion is missing or does not hold",
	protocol.ErrWrongNumber:    "the number is not the one on the login page",
	protocol.ErrWrongPasscode:  "the passcode is wrong; was the PIN typed correctly?",
}

// methods are the amr values (RFC 8176) that an approval on this device earns. The
// key of a device is kept in software unless attested otherwise.
func methods(d devices.Device) []string {
	if d.Verification == protocol.VerifyPIN {
		return []string{"otp", "pin", "swk"}
	}
	return []string{"otp", "swk"}
}
