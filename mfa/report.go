package mfa

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/internal/db"
)

// Report is a request that its person did not begin: "this wasn't me".
type Report struct {
	ChallengeID string
	UserID      string
	LoginID     string
	ClientID    string
	DeviceID    string // the device that reported
	DeviceName  string
	Network     string // of the browser that asked, as throttle.Network names it
	Context     protocol.Context
	Inquiry     bool // no browser asked but the client by itself; LoginID is the inquiry
	At          time.Time
}

// report ends the challenge, pauses prompts for browsers like the one it came from,
// and takes back what else such a browser might still get out of the person.
func (s *Service) report(ctx context.Context, c challenge, d devices.Device, from State) error {
	now := s.now()
	told := Report{
		ChallengeID: c.ID, UserID: c.UserID, LoginID: c.LoginID, ClientID: c.ClientID, DeviceID: d.ID, DeviceName: d.Name,
		Network: c.Network, Context: c.Context.V, Inquiry: c.inquires(), At: now,
	}
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.holdTx(tx, c, d.ID); err != nil {
			return err
		}
		if err := s.pauseTx(tx, c, now); err != nil {
			return err
		}
		end := s.answeredTx
		if from == Denied {
			end = s.reportedAfterAllTx
		}
		if err := end(tx, c, d.ID, Reported, now); err != nil {
			return err
		}
		if err := s.withdrawLikeTx(tx, c, now); err != nil || s.OnReport == nil {
			return err
		}
		return s.OnReport(tx, told)
	})
	if err == nil && s.Reports != nil {
		s.Reports(ctx, told)
	}
	return wrap("report a request", err)
}

func (s *Service) reportedAfterAllTx(tx *db.Tx, c challenge, deviceID string, to State, now time.Time) error {
	moved, err := endTx(tx, c.ID, Denied, to)
	if err != nil {
		return err
	}
	if !moved {
		return errLate
	}
	return s.recordAnswerTx(tx, c, deviceID, to, now)
}

// pauseTx stops prompts for browsers like the one that was reported, until a second
// factor other than push succeeds.
func (s *Service) pauseTx(tx *db.Tx, c challenge, now time.Time) error {
	b, err := lockBudgetTx(tx, c.UserID, c.Budget)
	if err != nil {
		return err
	}
	b.Paused = now
	if b.Last.IsZero() {
		b.Last = now
	}
	return saveBudgetTx(tx, c.UserID, c.Budget, b)
}

// withdrawLikeTx withdraws what else is open for a login that was reported, or for
// other browsers of its kind: an approval of it would end the pause.
func (s *Service) withdrawLikeTx(tx *db.Tx, c challenge, now time.Time) error {
	pending, found, err := s.pendingOfTx(tx, c.UserID)
	if err != nil {
		return err
	}
	if found && pending.Budget == c.Budget {
		if err := s.endOpenTx(tx, pending, Withdrawn, now); err != nil {
			return err
		}
	}
	approved, err := s.approvedOfLoginTx(tx, c.LoginID)
	for _, other := range approved {
		err = errors.Join(err, s.endOpenTx(tx, other, Withdrawn, now))
	}
	return err
}
