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

// errLate tells that the challenge was no longer pending when the answer arrived.
var errLate = errors.New("the challenge was no longer pending")

// Answer takes a device's verdict on a challenge. A verdict that the same device
// gave before is answered as it was then, so that a lost answer can be sent again;
// every other second answer is refused. Refusals are protocol codes.
func (s *Service) Answer(ctx context.Context, d devices.Device, a protocol.Answer, from Origin) (protocol.Answered, error) {
	to, err := stateOf(a.Verdict)
	if err != nil {
		return protocol.Answered{}, err
	}
	for range 2 { // somebody who was quicker is seen the second time
		if err = s.take(ctx, d, a, from, to); !errors.Is(err, errLate) {
			break
		}
	}
	switch {
	case err == nil:
		return protocol.Answered{State: protocol.State(to)}, nil
	case errors.Is(err, errLate):
		err = protocol.ErrExpired // by a clock that is ahead of the one that read the row
	case errors.Is(err, ErrInactive):
		err = protocol.ErrUnknownRequest
	case errors.Is(err, devices.ErrNotFound):
		err = s.whyOut(ctx, d)
	}
	return protocol.Answered{}, s.noteRefusal(ctx, d, a, err)
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

func (s *Service) take(ctx context.Context, d devices.Device, a protocol.Answer, from Origin, to State) error {
	c, err := s.forDevice(ctx, d, a.Challenge)
	if err != nil {
		return err
	}
	if c.answeredBy(d.ID) {
		switch {
		case c.State == to, c.State == Verified && to == Approved:
			return nil
		case c.State == Denied && to == Reported: // the person looked again
			return s.report(ctx, c, d, Denied)
		}
	}
	if err := s.refusal(c); err != nil {
		return err
	}
	switch to {
	case Approved:
		return s.approve(ctx, c, d, a, from)
	case Reported:
		return s.report(ctx, c, d, Pending)
	}
	return s.deny(ctx, c, d)
}

// deny needs nothing but the device's signature, and so does report.
func (s *Service) deny(ctx context.Context, c challenge, d devices.Device) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.holdTx(tx, c, d.ID); err != nil {
			return err
		}
		return s.answeredTx(tx, c, d.ID, Denied, s.now())
	})
	return wrap("deny a request", err)
}

// holdTx makes an answer conditional on its device and its person: both are active,
// and the device stays so until the transaction ends. It comes first, since rows are
// locked in the order device, budget, challenge, login everywhere.
func (s *Service) holdTx(tx *db.Tx, c challenge, deviceID string) error {
	if err := s.Devices.HoldActiveTx(tx, c.UserID, deviceID); err != nil {
		return err
	}
	active, err := s.People.ActiveTx(tx, c.UserID)
	if err == nil && !active {
		err = ErrInactive
	}
	return err
}

// answeredTx moves the challenge on, provided that it is still pending and in time,
// and tells everyone.
func (s *Service) answeredTx(tx *db.Tx, c challenge, deviceID string, to State, now time.Time) error {
	c.State, c.DeviceID, c.AnsweredAt = to, &deviceID, db.At(now)
	if err := s.answerTx(tx, c, errLate); err != nil {
		return err
	}
	if err := advanceTx(tx, c.ID, deviceID, Answered, now); err != nil {
		return err
	}
	if err := s.tellInquirerTx(tx, c, to); err != nil {
		return err
	}
	return s.recordAnswerTx(tx, c, deviceID, to, now)
}

func (s *Service) recordAnswerTx(tx *db.Tx, c challenge, deviceID string, to State, now time.Time) error {
	if err := announceTx(tx, c.ID); err != nil {
		return err
	}
	detail := map[string]any{"device": deviceID, "login": c.LoginID, "same_browser": c.SameBrowser}
	if c.DistanceKM != nil {
		detail["distance_km"], detail["far"] = *c.DistanceKM, *c.DistanceKM > s.Relay.far() && c.DeviceNetwork != c.Network
	}
	return audit.Record(tx, audit.Entry{
		At: now, Action: "challenge." + string(to), Subject: c.ID, User: c.UserID, Client: c.ClientID,
		Detail: detail, Took: now.Sub(c.CreatedAt.Time),
	})
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
