package devices

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

func (s *Devices) credentials() credential.Store { return credential.Store{DB: s.DB, Box: s.Box} }

// Biometric returns nil if devices can verify their people by WebAuthn here, and
// credential.ErrNoName where browsers refuse it because the public URL is an address.
func (s *Devices) Biometric() error {
	if err := s.prepare(); err != nil {
		return err
	}
	return s.party.Available()
}

// ceremony adds to the answer of a new device what its credential has to be made with,
// if it is to have one, and returns the credential's handle.
func (s *Devices) ceremony(begun *protocol.EnrolBegun, d Device, link enrolment) (handle []byte, err error) {
	if d.Verification != protocol.VerifyBiometric {
		return nil, nil
	}
	challenge := s.registrationChallenge(d, link.ID, begun.Question)
	subject := credential.Subject{
		Handle: random.Bytes(credential.HandleSize), Name: begun.Account.Name, DisplayName: begun.Account.DisplayName,
	}
	begun.Credential, err = s.party.Options(subject, challenge)
	if errors.Is(err, credential.ErrNoName) {
		return nil, refuse(protocol.ErrVerificationRefused, "This server is reached by an address and not by a name, so browsers refuse WebAuthn.")
	}
	if err != nil {
		return nil, fmt.Errorf("begin enrolment: %w", err)
	}
	begun.State = protocol.EnrolStateCredential
	return subject.Handle, nil
}

// registrationChallenge commits the credential to the link and to the device's own key.
func (s *Devices) registrationChallenge(d Device, enrolmentID string, question []byte) []byte {
	challenge := protocol.RegistrationChallenge(protocol.Registration{
		Issuer: s.PublicURL, Enrolment: enrolmentID, Device: d.ID, Account: d.UserID,
		Thumbprint: d.Thumbprint, Question: question,
	})
	return challenge[:]
}

// Register takes the WebAuthn credential of a device that is enrolling, once. A device
// that was heard and did not hear the answer may ask again.
func (s *Devices) Register(ctx context.Context, d Device, response []byte) (protocol.EnrolStatus, error) {
	if err := s.prepare(); err != nil {
		return protocol.EnrolStatus{}, err
	}
	e, err := s.readEnrolment(ctx, d.ID)
	if errors.Is(err, ErrNotWaiting) || err == nil && e.State != enrolmentClaimed {
		return s.Status(ctx, d)
	}
	if err != nil {
		return protocol.EnrolStatus{}, fmt.Errorf("register credential: %w", err)
	}
	if e.over(s.now()) {
		return protocol.EnrolStatus{}, errLinkExpired
	}
	held, err := s.credentials().Get(ctx, d.ID)
	switch {
	case errors.Is(err, credential.ErrNone):
		return protocol.EnrolStatus{}, refuse(protocol.ErrInvalidRequest, "This device has no credential to register.")
	case err != nil:
		return protocol.EnrolStatus{}, fmt.Errorf("register credential: %w", err)
	case held.Registered:
		return s.Status(ctx, d)
	}
	record, err := s.party.Register(credential.Subject{Handle: held.Handle}, s.registrationChallenge(d, e.ID, e.Question), response)
	if errors.Is(err, credential.ErrWrong) {
		return protocol.EnrolStatus{}, errors.Join(refuse(protocol.ErrWrongAssertion, "The credential does not hold."), err)
	}
	if err != nil {
		return protocol.EnrolStatus{}, fmt.Errorf("register credential: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		if err := s.credentials().RegisterTx(tx, d.ID, record, now); err != nil {
			return err
		}
		tx.Announce(EnrolmentsTopic(d.UserID))
		return audit.Record(tx, audit.Entry{At: now, Action: "device.credential.registered", Subject: d.ID, User: d.UserID,
			Detail: map[string]any{"flags": record.Flags, "backup_eligible": record.BackupEligible}})
	})
	switch {
	case errors.Is(err, credential.ErrRegistered):
		if ok, err := s.registered(ctx, d); err != nil || !ok {
			return protocol.EnrolStatus{}, errors.Join(refuse(protocol.ErrWrongAssertion, "This credential belongs to another device."), err)
		}
	case err != nil:
		return protocol.EnrolStatus{}, fmt.Errorf("register credential: %w", err)
	}
	return s.Status(ctx, d)
}

// registered reports whether a device has the credential that it needs, if it needs one.
func (s *Devices) registered(ctx context.Context, d Device) (bool, error) {
	if d.Verification != protocol.VerifyBiometric {
		return true, nil
	}
	held, err := s.credentials().Get(ctx, d.ID)
	if errors.Is(err, credential.ErrNone) {
		return false, nil
	}
	return held.Registered, err
}

// stepOf is what a device that has claimed its link has to do next.
func (s *Devices) stepOf(ctx context.Context, d Device) (protocol.EnrolState, error) {
	registered, err := s.registered(ctx, d)
	if err != nil || registered {
		return protocol.EnrolStateProve, err
	}
	return protocol.EnrolStateCredential, nil
}
