package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
)

// ErrSignIn tells that the person has to sign in, or sign in again, before their own
// pages may be used.
var ErrSignIn = errors.New("sign in first")

// freshFor is how long ago a person may have proved themselves to change what
// proves them.
const freshFor = 5 * time.Minute

// Holder is a person at their own pages.
type Holder struct {
	User    user.User
	Session session.Session
}

// Holder returns the person whose session the browser holds, if it is fresh and
// proves everything that this person has. Otherwise it returns ErrSignIn.
func (s *Service) Holder(ctx context.Context, b Browser) (Holder, error) {
	if b.SessionToken == "" {
		return Holder{}, ErrSignIn
	}
	held, err := s.Sessions.Find(ctx, b.SessionToken)
	if errors.Is(err, session.ErrNone) {
		return Holder{}, ErrSignIn
	}
	if err != nil {
		return Holder{}, fmt.Errorf("find the holder of a session: %w", err)
	}
	probe := Login{
		State: Open, ClientID: AccountPages, UserID: held.UserID, Evidence: held.Evidence, ExpiresAt: s.now().Add(time.Minute),
	}
	demand, err := s.demand(ctx, probe)
	if err != nil {
		return Holder{}, err
	}
	if probe.Next(demand, s.now()) != StepFinish || s.now().Sub(oldest(held.Evidence)) > freshFor {
		return Holder{}, ErrSignIn
	}
	u, err := s.Users.ByID(ctx, held.UserID)
	if err != nil {
		return Holder{}, fmt.Errorf("find the holder of a session: %w", err)
	}
	return Holder{User: u, Session: held}, nil
}

// Waiting returns the devices that wait for this person to confirm them.
func (s *Service) Waiting(ctx context.Context, h Holder) ([]devices.Pending, error) {
	return s.Devices.AwaitingConfirmation(ctx, h.User.ID)
}

// DeviceToken is the one-time form token under the question whether a device is
// the person's own. It belongs to this session and this device.
func (s *Service) DeviceToken(h Holder, enrolmentID string) string {
	return fmt.Sprintf("%x", s.Box.MAC("confirm-device", h.Session.ID, enrolmentID))
}
