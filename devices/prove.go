package devices

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// proveTries is how many passcodes an enrolment gets to be right once.
const proveTries = 3

// Prove takes the passcode that shows that the secrets arrived and that the PIN
// opens the right one. The device is active afterwards, or waits for the person to
// confirm it. A device that was heard and did not hear the answer may ask again.
func (s *Devices) Prove(ctx context.Context, d Device, msg protocol.EnrolProve) (protocol.EnrolStatus, error) {
	e, err := s.readEnrolment(ctx, d.ID)
	if errors.Is(err, ErrNotWaiting) || err == nil && e.State != enrolmentClaimed {
		return s.Status(ctx, d)
	}
	if err != nil {
		return protocol.EnrolStatus{}, fmt.Errorf("prove enrolment: %w", err)
	}
	if e.over(s.now()) {
		return protocol.EnrolStatus{}, errLinkExpired
	}
	switch registered, err := s.registered(ctx, d); {
	case err != nil:
		return protocol.EnrolStatus{}, fmt.Errorf("prove enrolment: %w", err)
	case !registered:
		return protocol.EnrolStatus{}, refuse(protocol.ErrInvalidRequest, "The credential has to be registered first.")
	}
	switch err := s.provesAll(d, e.Question, msg); {
	case errors.Is(err, otp.ErrWrong):
		return protocol.EnrolStatus{}, s.wrongProof(ctx, d, e)
	case err != nil:
		return protocol.EnrolStatus{}, fmt.Errorf("prove enrolment: %w", err)
	}
	if err := s.proved(ctx, d, e); err != nil {
		if errors.Is(err, ErrNotWaiting) { // somebody was faster, or time was
			return s.Status(ctx, d)
		}
		return protocol.EnrolStatus{}, fmt.Errorf("prove enrolment: %w", err)
	}
	return s.Status(ctx, d)
}

// provesAll checks a passcode for each path that was enrolled, otp.ErrWrong if one is
// not right.
func (s *Devices) provesAll(d Device, question []byte, msg protocol.EnrolProve) error {
	secret, err := s.ApprovalSecret(d)
	if err != nil {
		return err
	}
	if err := otp.VerifyPushPasscode(secret, question, msg.Passcode); err != nil {
		return err
	}
	if d.Verification == protocol.VerifyPIN || !d.HasPIN() {
		return nil
	}
	if secret, err = s.PINSecret(d); err != nil {
		return err
	}
	return otp.VerifyPushPasscode(secret, question, msg.PINPasscode)
}

// Status says where the enrolment of a device stands.
func (s *Devices) Status(ctx context.Context, d Device) (protocol.EnrolStatus, error) {
	status := protocol.EnrolStatus{Fingerprint: d.Fingerprint()}
	d, err := s.Get(ctx, d.ID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return protocol.EnrolStatus{}, fmt.Errorf("read enrolment: %w", err)
	}
	e, err := s.readEnrolment(ctx, d.ID)
	if err != nil && !errors.Is(err, ErrNotWaiting) {
		return protocol.EnrolStatus{}, fmt.Errorf("read enrolment: %w", err)
	}
	switch {
	case d.State == Active || d.State == Suspended:
		status.State = protocol.EnrolStateActive
	case d.State == Enrolling && err == nil && e.State == enrolmentProved && !e.over(s.now()):
		status.State = protocol.EnrolStateConfirm
	case d.State == Enrolling && err == nil && !e.over(s.now()):
		if status.State, err = s.stepOf(ctx, d); err != nil {
			return protocol.EnrolStatus{}, fmt.Errorf("read enrolment: %w", err)
		}
	case d.State == Removed && d.Reason != "expired":
		status.State = protocol.EnrolStateRefused
	default:
		status.State = protocol.EnrolStateExpired
	}
	return status, nil
}

func (s *Devices) proved(ctx context.Context, d Device, e enrolment) error {
	now := s.now()
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if e.Confirm {
			if err := s.moveEnrolment(tx, e, enrolmentProved, now); err != nil {
				return err
			}
			tx.Announce(EnrolmentsTopic(d.UserID))
			return audit.Record(tx, audit.Entry{At: now, Action: "device.enrolment.proved", Subject: d.ID, User: d.UserID})
		}
		return s.activate(tx, d.ID, e, now)
	})
}

// wrongProof counts a wrong passcode and gives the enrolment up at the third.
func (s *Devices) wrongProof(ctx context.Context, d Device, e enrolment) error {
	var left int
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		tries, err := s.countTry(tx, e)
		if err != nil {
			return err
		}
		if left = proveTries - tries; left > 0 {
			return nil
		}
		return s.end(tx, e, enrolmentRefused, "passcode", s.now())
	})
	switch {
	case errors.Is(err, ErrNotWaiting):
		return refuse(protocol.ErrUnknownDevice, "This enrolment is over.")
	case err != nil:
		return fmt.Errorf("count wrong passcode: %w", err)
	}
	return &protocol.Error{Code: protocol.ErrWrongPasscode, Message: "The passcode is wrong.", TriesLeft: &left}
}
