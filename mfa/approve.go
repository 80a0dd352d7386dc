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
	"github.com/nod-idp/nod/internal/failpoint"
)

// approve judges an approval and then, whatever the judgement, goes the same way:
// only a challenge that is still pending takes it or counts it. Whoever sends many
// guesses at once learns from those that came too late nothing but that.
func (s *Service) approve(ctx context.Context, c challenge, d devices.Device, a protocol.Answer, from Origin) error {
	g := s.gapTo(c, from.IP)
	if !c.inquires() && !c.askedBy(from.Browser) && s.refuses(g) {
		return protocol.ErrRefusedByPolicy
	}
	c.DeviceNetwork, c.DistanceKM = g.network, g.km
	j, err := s.judge(ctx, c, d, a, from.Browser)
	if err != nil {
		return fmt.Errorf("judge an approval: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.holdTx(tx, c, d.ID); err != nil {
			return err
		}
		if j.fault != nil {
			return s.missTx(tx, c, d, j)
		}
		err := s.approvedTx(tx, c, d, a.Passcode, j, s.now())
		failpoint.Hit(failpoint.ApprovalUnstored)
		return err
	})
	if err == nil && j.fault != nil {
		return j.fault
	}
	if err == nil {
		failpoint.Hit(failpoint.ApprovalStored)
	}
	return wrap("approve a request", err)
}

// judgement is what was found about an approval.
type judgement struct {
	fault       *protocol.Error // what is wrong with it, or nil
	path        path
	assertion   devices.Assertion // on the biometric path
	sameBrowser bool              // it came from the browser that asks, so no number was needed
}

// judge checks everything that an approval carries: that the device was shown what
// the server asked, the assertion over exactly that, the passcode under the secret of
// the path it took, and the typed number.
func (s *Service) judge(ctx context.Context, c challenge, d devices.Device, a protocol.Answer, browser string) (j judgement, err error) {
	j.path = pathOf(d, a)
	approval := c.request(s.now()).Approval(s.Issuer, d.ID, a.Number, protocol.Approve)
	shown := protocol.ApprovalHash(approval)
	if subtle.ConstantTimeCompare(shown[:], a.Hash) != 1 {
		j.fault = wrong(protocol.ErrInvalidRequest)
		return j, nil
	}
	if j.path == byBody {
		j.assertion, err = s.Devices.VerifyAssertion(ctx, d, shown[:], a.Assertion)
		switch {
		case errors.Is(err, devices.ErrWrongAssertion):
			j.fault = wrong(protocol.ErrWrongAssertion)
			return j, nil
		case err != nil:
			return j, err
		}
	}
	right, err := s.answers(c, d, j.path, a.Passcode)
	if err != nil {
		return j, err
	}
	// Assertion and passcode are judged before the number, so that a thief without
	// finger or PIN learns nothing about numbers.
	if !right {
		j.fault = wrong(protocol.ErrWrongPasscode)
		return j, nil
	}
	j.sameBrowser = c.MatchDigits > 0 && a.Number == "" && c.askedBy(browser)
	if c.MatchDigits > 0 && !j.sameBrowser && subtle.ConstantTimeCompare([]byte(s.number(c)), []byte(a.Number)) != 1 {
		j.fault = wrong(protocol.ErrWrongNumber)
	}
	return j, nil
}

// answers reports whether a passcode is the one that this device makes for this
// challenge. Each path of verification has a secret of its own, so that none can
// pose as another.
func (s *Service) answers(c challenge, d devices.Device, p path, passcode string) (bool, error) {
	secret, err := p.secret(s.Devices, d)
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

func (s *Service) approvedTx(tx *db.Tx, c challenge, d devices.Device, passcode string, j judgement, now time.Time) error {
	switch j.path {
	case byPIN:
		if err := s.Devices.PINProvedTx(tx, d.ID); err != nil {
			return err
		}
	case byBody:
		if err := s.Devices.AssertedTx(tx, d, j.assertion); err != nil {
			return err
		}
	}
	if err := forgetBudgetTx(tx, c.UserID, c.Budget); err != nil {
		return err
	}
	c.Methods = db.List(j.path.methods()...)
	c.SameBrowser = j.sameBrowser
	c.Passcode = s.Box.Seal(passcodePlace(c.ID), []byte(passcode))
	c.FinishBy = db.At(now.Add(s.finish()))
	return s.answeredTx(tx, c, d.ID, Approved, now)
}

// missTx counts a wrong approval against the challenge, a wrong passcode also
// against the device's PIN, and says how many tries are left.
func (s *Service) missTx(tx *db.Tx, c challenge, d devices.Device, j judgement) error {
	fault := j.fault
	now := s.now()
	tries, err := s.missPendingTx(tx, c.ID, now)
	if err != nil {
		return err
	}
	left := max(0, maxTries-tries)
	fault.TriesLeft = &left
	detail := map[string]any{"device": d.ID, "tries_left": left}
	if fault.Code == protocol.ErrWrongPasscode && j.path == byPIN {
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
