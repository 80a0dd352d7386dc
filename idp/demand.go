package idp

import (
	"context"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/mfa"
)

// AccountPages is the client id of the person's own pages. They are signed in to
// like any application, but get a session instead of a code.
const AccountPages = "nod:account"

// demand says what a login has to prove besides the password: what its client
// demands, or more if the request asks for more. It returns client.ErrNotFound for a
// client that was removed since.
func (s *Service) demand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.ClientID == AccountPages {
		return s.accountDemand(ctx, l)
	}
	c, err := s.Clients.Get(ctx, l.ClientID)
	if err != nil {
		return mfa.Demand{}, fmt.Errorf("find a login's client: %w", err)
	}
	factor := mfa.SecondFactor(c.SecondFactor)
	if factor == mfa.Off && slices.Contains(l.Request.ACRValues, evidence.ACRMFA) {
		factor = mfa.PushNumber
	}
	return s.Policy.Demand(factor), nil
}

// accountDemand asks for the second factor of everyone who has one. Somebody
// without a device gets in with the password, to confirm the first. A device that is
// disabled is a device all the same: else whoever stole it could disable it with wrong
// PINs and go on with the password alone.
func (s *Service) accountDemand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.UserID == "" {
		return s.Policy.Demand(mfa.PushNumber), nil
	}
	all, err := s.Devices.List(ctx, l.UserID)
	if err != nil {
		return mfa.Demand{}, fmt.Errorf("look for devices: %w", err)
	}
	if slices.ContainsFunc(all, func(d devices.Device) bool { return d.State != devices.Enrolling }) {
		return s.Policy.Demand(mfa.PushNumber), nil
	}
	return s.Policy.Demand(mfa.Off), nil
}

// clientName is how a login's client is called on pages and devices.
func (s *Service) clientName(ctx context.Context, id string) string {
	if id == AccountPages {
		return "your account"
	}
	if c, err := s.Clients.Get(ctx, id); err == nil {
		return c.Name
	}
	return id
}
