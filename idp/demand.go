package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/mfa"
)

// AccountPages is the client id of the person's own pages. They are signed in to
// like any application, but get a session instead of a code.
const AccountPages = "nod:account"

// demand says what a login has to prove besides the password: what its client
// demands, or more if the request asks for more.
func (s *Service) demand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.ClientID == AccountPages {
		return s.accountDemand(ctx, l)
	}
	c, err := s.Clients.Get(ctx, l.ClientID)
	if errors.Is(err, client.ErrNotFound) {
		return s.Policy.Demand(mfa.PushNumber), nil // removed meanwhile; finishing will refuse it
	}
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
// without a device gets in with the password, to confirm the first.
func (s *Service) accountDemand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.UserID == "" {
		return s.Policy.Demand(mfa.PushNumber), nil
	}
	active, err := s.Devices.Active(ctx, l.UserID)
	if err != nil {
		return mfa.Demand{}, fmt.Errorf("look for devices: %w", err)
	}
	if len(active) == 0 {
		return s.Policy.Demand(mfa.Off), nil
	}
	return s.Policy.Demand(mfa.PushNumber), nil
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
