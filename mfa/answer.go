package mfa

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Answer takes a device's verdict on a challenge. A verdict that the same device
// gave before is answered as it was then, so that a lost answer can be sent again;
// every other second answer is refused. Refusals are protocol codes.
func (s *Service) Answer(ctx context.Context, d devices.Device, a protocol.Answer) (protocol.Answered, error) {
	c, err := s.forDevice(ctx, d, a.Challenge)
	if err != nil {
		return protocol.Answered{}, err
	}
	to, err := stateOf(a.Verdict)
	if err != nil {
		return protocol.Answered{}, err
	}
	if c.answeredBy(d.ID) && (c.State == to || c.State == Verified && to == Approved) {
		return protocol.Answered{State: protocol.State(c.State)}, nil
	}
	if c.answeredBy(d.ID) && c.State == Denied && to == Reported {
		return s.reportDenied(ctx, c)
	}
	if err := s.refusal(c, d.ID); err != nil {
		return protocol.Answered{}, err
	}
	if to == Approved {
		return s.approve(ctx, c, d, a)
	}
	return s.record(ctx, c, d, to)
}

func stateOf(v protocol.Verdict) (State, error) {
	switch v {
	case protocol.Approve:
		return Approved, nil
	case protocol.Deny:
		return Denied, nil
	case protocol.Report:
		return Reported, nil
	}
	return "", protocol.ErrInvalidRequest
}

// approve checks everything an approval carries before it touches the challenge:
// that the device was shown what the server asked, the typed number, and the
// passcode under the secret that the account's verification names.
func (s *Service) approve(ctx context.Context, c challenge, d devices.Device, a protocol.Answer) (protocol.Answered, error) {
	approval := c.request(s.now()).Approval(s.Issuer, d.ID, a.Number, protocol.Approve)
	shown := protocol.ApprovalHash(approval)
	if subtle.ConstantTimeCompare(shown[:], a.Hash) != 1 {
		return protocol.Answered{}, &protocol.Error{Code: protocol.ErrInvalidRequest, Message: "the approval is for another request than the one that was asked"}
	}
	secret, err := s.pushSecret(d)
	if err != nil {
		return protocol.Answered{}, err
	}
	// The passcode is judged before the number, so that a thief without the PIN
	// learns nothing about numbers.
	question := protocol.Question(approval)
	switch err := otp.VerifyPushPasscode(secret, question[:], a.Passcode); {
	case errors.Is(err, otp.ErrWrong):
		return protocol.Answered{}, s.miss(ctx, c, d, protocol.ErrWrongPasscode)
	case err != nil:
		return protocol.Answered{}, fmt.Errorf("check a passcode: %w", err)
	}
	if c.MatchDigits > 0 && subtle.ConstantTimeCompare([]byte(s.number(c)), []byte(a.Number)) != 1 {
		return protocol.Answered{}, s.miss(ctx, c, d, protocol.ErrWrongNumber)
	}
	now := s.now()
	c.State, c.DeviceID = Approved, &d.ID
	c.Methods = db.List(methods(d)...)
	c.Passcode = s.Box.Seal(passcodePlace(c.ID), []byte(a.Passcode))
	c.AnsweredAt, c.FinishBy = db.At(now), db.At(now.Add(s.finish()))
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.acceptTx(tx, c, d); err != nil {
			return err
		}
		if d.Verification == protocol.VerifyPIN {
			if err := s.Devices.PINProvedTx(tx, d.ID); err != nil {
				return err
			}
		}
		return forgetBudgetTx(tx, c.UserID, c.Budget)
	})
	return s.answered(ctx, c, d, err)
}

// record stores Deny or Report, which need nothing but the device's signature.
func (s *Service) record(ctx context.Context, c challenge, d devices.Device, to State) (protocol.Answered, error) {
	c.State, c.DeviceID, c.AnsweredAt = to, &d.ID, db.At(s.now())
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.acceptTx(tx, c, d); err != nil {
			return err
		}
		if to == Reported {
			return s.pauseTx(tx, c)
		}
		return nil
	})
	return s.answered(ctx, c, d, err)
}

// reportDenied turns a denial into a report: the person looked again.
func (s *Service) reportDenied(ctx context.Context, c challenge) (protocol.Answered, error) {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		moved, err := endTx(tx, c.ID, Denied, Reported)
		if err != nil || !moved {
			return err
		}
		if err := s.pauseTx(tx, c); err != nil {
			return err
		}
		tx.Announce(challengeTopic(c.ID))
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "challenge.reported", Subject: c.ID, User: c.UserID, Client: c.ClientID})
	})
	if err != nil {
		return protocol.Answered{}, fmt.Errorf("report a challenge: %w", err)
	}
	return protocol.Answered{State: protocol.StateReported}, nil
}

// pauseTx stops prompts for browsers like the one that was reported, until a second
// factor other than push succeeds.
func (s *Service) pauseTx(tx *db.Tx, c challenge) error {
	b, err := budgetTx(tx, c.UserID, c.Budget)
	if err != nil {
		return err
	}
	b.Paused = s.now()
	if b.Last.IsZero() {
		b.Last = b.Paused
	}
	return saveBudgetTx(tx, c.UserID, c.Budget, b)
}

// acceptTx moves the challenge on, provided that it is still pending and in time
// and that device and person are still active, and tells everyone.
func (s *Service) acceptTx(tx *db.Tx, c challenge, d devices.Device) error {
	if err := s.Devices.HoldActiveTx(tx, c.UserID, d.ID); errors.Is(err, devices.ErrNotFound) {
		return protocol.ErrDeviceSuspended
	} else if err != nil {
		return err
	}
	if active, err := s.People.ActiveTx(tx, c.UserID); err != nil || !active {
		return errors.Join(protocol.ErrUnknownRequest, err)
	}
	if err := s.answerTx(tx, c, errLate); err != nil {
		return err
	}
	if err := advanceTx(tx, c.ID, d.ID, []Progress{Opened, Delivered, Sent, Queued}, Answered, s.now()); err != nil {
		return err
	}
	if err := announceTx(tx, c.ID); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{
		At: s.now(), Action: "challenge." + string(c.State), Subject: c.ID, User: c.UserID, Client: c.ClientID,
		Detail: map[string]any{"device": d.ID, "login": c.LoginID},
	})
}

// errLate tells that the challenge was no longer pending when the answer arrived.
var errLate = errors.New("the challenge was no longer pending")

func (s *Service) answered(ctx context.Context, c challenge, d devices.Device, err error) (protocol.Answered, error) {
	if errors.Is(err, errLate) { // somebody was quicker; the row says who
		now, err := s.forDevice(ctx, d, c.ID)
		if err != nil {
			return protocol.Answered{}, err
		}
		if now.answeredBy(d.ID) && now.State == c.State {
			return protocol.Answered{State: protocol.State(c.State)}, nil
		}
		if err := s.refusal(now, d.ID); err != nil {
			return protocol.Answered{}, err
		}
		return protocol.Answered{}, protocol.ErrExpired
	}
	if err != nil {
		return protocol.Answered{}, fmt.Errorf("answer a challenge: %w", err)
	}
	return protocol.Answered{State: protocol.State(c.State)}, nil
}

// miss counts a wrong number or passcode against the challenge and a wrong
// passcode also against the device's PIN, and says how many tries are left.
func (s *Service) miss(ctx context.Context, c challenge, d devices.Device, code protocol.Code) error {
	left := 0
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tries, err := missTx(tx, c.ID, Pending)
		if errors.Is(err, db.ErrNotFound) {
			return errLate
		}
		if err != nil {
			return err
		}
		left = max(0, maxTries-tries)
		detail := map[string]any{"device": d.ID, "tries_left": left}
		if code == protocol.ErrWrongPasscode && d.Verification == protocol.VerifyPIN {
			if detail["device_disabled"], err = s.Devices.PINFailedTx(tx, d.ID); err != nil {
				return err
			}
		}
		if left == 0 {
			if err := announceTx(tx, c.ID); err != nil {
				return err
			}
		}
		tx.Announce(challengeTopic(c.ID))
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "challenge." + string(code), Outcome: audit.Refused, Subject: c.ID,
			User: c.UserID, Client: c.ClientID, Detail: detail,
		})
	})
	if errors.Is(err, errLate) {
		return protocol.ErrAnsweredElsewhere
	}
	if err != nil {
		return fmt.Errorf("count a wrong answer: %w", err)
	}
	return &protocol.Error{Code: code, Message: missMessage[code], TriesLeft: &left}
}

var missMessage = map[protocol.Code]string{
	protocol.ErrWrongNumber:   "the number is not the one on the login page",
	protocol.ErrWrongPasscode: "the passcode is wrong; was the PIN typed correctly?",
}

// pushSecret is the secret that the account's verification names. Each path has a
// secret of its own, so that none can pose as another.
func (s *Service) pushSecret(d devices.Device) ([]byte, error) {
	if d.Verification == protocol.VerifyBiometric {
		return nil, protocol.ErrWrongAssertion // no assertion, no approval
	}
	secret, err := s.Devices.ApprovalSecret(d)
	if err != nil {
		return nil, fmt.Errorf("open a device's secret: %w", err)
	}
	return secret, nil
}

// methods are the amr values (RFC 8176) that an approval on this device earns. The
// key of a device is kept in software unless attested otherwise.
func methods(d devices.Device) []string {
	if d.Verification == protocol.VerifyPIN {
		return []string{"otp", "pin", "swk"}
	}
	return []string{"otp", "swk"}
}
