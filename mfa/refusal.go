package mfa

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// refusal says why a challenge takes no answer any more, or nil.
func (s *Service) refusal(c challenge) error {
	switch c.stateAt(s.now()) {
	case Pending:
		return nil
	case Expired:
		return protocol.ErrExpired
	case Superseded:
		return protocol.ErrSuperseded
	case Withdrawn:
		return protocol.ErrWithdrawn
	case Failed:
		return protocol.ErrFailed
	}
	return protocol.ErrAnsweredElsewhere
}

// whyOut says what became of a device that was active when its request arrived.
func (s *Service) whyOut(ctx context.Context, d devices.Device) error {
	now, err := s.Devices.Get(ctx, d.ID)
	switch {
	case err == nil && now.State == devices.Suspended:
		return protocol.ErrDeviceSuspended
	case err == nil, errors.Is(err, devices.ErrNotFound):
		return protocol.ErrUnknownDevice
	}
	return fmt.Errorf("look for a device: %w", err)
}

// noteRefusal records that a device gave an answer it may not give, once for each
// device and challenge, so that nobody fills the journal by repeating it. It returns
// the reason. Wrong approvals have been recorded where they were counted.
func (s *Service) noteRefusal(ctx context.Context, d devices.Device, a protocol.Answer, reason error) error {
	var code protocol.Code
	var counted *protocol.Error
	if !errors.As(reason, &code) || errors.As(reason, &counted) {
		return reason
	}
	c, err := s.find(ctx, a.Challenge)
	if errors.Is(err, db.ErrNotFound) {
		return reason // it never was, or was forgotten
	}
	if err != nil {
		return errors.Join(reason, err)
	}
	now := s.now()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		err := tx.Once("challenge.answer", c.ID+":"+d.ID, now.Add(challengeKept+time.Hour))
		if errors.Is(err, db.ErrReplayed) {
			return nil
		}
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: now, Action: "challenge.answer", Outcome: audit.Refused, Subject: c.ID, User: c.UserID, Client: c.ClientID,
			Detail: map[string]any{"device": d.ID, "verdict": a.Verdict, "reason": code},
		})
	})
	return errors.Join(reason, err)
}
