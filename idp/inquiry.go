package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// InquiryDemand is what a person has to prove on their device when a client asks for them
// by itself, without a browser (OpenID Connect CIBA Core 1.0): what the policy says, and
// always that the device made sure of its person, since nothing else is proved. There is
// no page that could show a number.
func (s *Service) InquiryDemand(ctx context.Context, clientID, userID string) (mfa.Demand, error) {
	c, err := s.Clients.Get(ctx, clientID)
	if errors.Is(err, client.ErrNotFound) {
		return mfa.Demand{}, mfa.ErrInactive
	}
	if err != nil {
		return mfa.Demand{}, fmt.Errorf("find the client of an inquiry: %w", err)
	}
	demand, err := s.decide(ctx, Login{ClientID: clientID, UserID: userID}, mfa.SecondFactor(c.SecondFactor))
	if err != nil {
		return mfa.Demand{}, err
	}
	demand.Factor, demand.Verified, demand.MatchDigits = true, true, 0
	return demand, nil
}

// inquiryReportedTx tells of an inquiry that its person says is none of theirs. There was
// no browser and no password, so nothing is known to be lost: the client's prompts are
// paused by mfa, and the administrator looks at the client.
func (s *Service) inquiryReportedTx(tx *db.Tx, m mfa.Report) error {
	if err := s.Devices.NotifyTx(tx, m.UserID, m.DeviceID, devices.SignInReported, m.Context.ClientName); err != nil {
		return err
	}
	return s.Signals.RecordTx(tx, signals.Event{
		Type: signals.SignInReported, User: m.UserID, Client: m.ClientID, Device: m.DeviceID, At: m.At,
		Detail: map[string]any{"inquiry": m.LoginID, "client_name": m.Context.ClientName, "device_name": m.DeviceName, "message": m.Context.Message},
	})
}
