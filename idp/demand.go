package idp

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/mfa"
)

// AccountPages is the client id of the person's own pages. They are signed in to
// like any application, but get a session instead of a code.
const AccountPages = "nod:account"

// demand says what a login has to prove besides the password: what the policy says, and
// more once the person reported a sign-in. It returns client.ErrNotFound for a client
// that was removed since.
func (s *Service) demand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.Foreign() {
		return s.foreignDemand(ctx, l)
	}
	d, err := s.policyDemand(ctx, l)
	if err != nil {
		return d, err
	}
	return s.raised(ctx, l, d)
}

// policyDemand is what the login's client demands, or more if the request asks for more.
func (s *Service) policyDemand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.ClientID == AccountPages {
		return s.accountDemand(ctx, l)
	}
	c, err := s.Clients.Get(ctx, l.ClientID)
	if err != nil {
		return mfa.Demand{}, fmt.Errorf("find a login's client: %w", err)
	}
	demand, err := s.decide(ctx, l, mfa.SecondFactor(c.SecondFactor))
	if err != nil {
		return mfa.Demand{}, err
	}
	return s.waive(ctx, l, demand)
}

// waive takes the second factor off a demand where its person waived prompts on this
// browser and the policy still lets them. Whoever asks for more than usual, by a class
// or an age, gets it, and so does whoever signs in something on another screen.
func (s *Service) waive(ctx context.Context, l Login, demand mfa.Demand) (mfa.Demand, error) {
	plain := len(l.Request.classes()) == 0 && l.Request.MaxAge == nil && !l.Request.pairs()
	if !demand.Factor || demand.Terms.Remember == 0 || !plain {
		return demand, nil
	}
	waived, err := s.Sessions.Waived(ctx, l.UserID, l.KnownBrowser)
	if err != nil || !waived {
		return demand, err
	}
	demand.Factor = false
	demand.Terms.Reasons = append(slices.Clip(demand.Terms.Reasons), mfa.Reason{Setting: "factor", Value: string(mfa.Off), By: "the person, on this browser"})
	return demand, nil
}

// decide puts the facts of a login before the policy. What nobody asks about is not
// looked up.
func (s *Service) decide(ctx context.Context, l Login, factor mfa.SecondFactor) (mfa.Demand, error) {
	f := mfa.Facts{Client: l.ClientID, ClientFactor: factor, ACR: l.Request.classes()}
	f.IP, _ = netip.ParseAddr(l.IP)
	asksPasskey := slices.Contains(f.ACR, evidence.ACRPhishingResistant)
	if l.UserID == "" || !s.policy().AsksWho() && !asksPasskey {
		return s.policy().Decide(f), nil
	}
	if asksPasskey {
		has, err := s.MFA.HasPasskey(ctx, l.UserID)
		if err != nil {
			return mfa.Demand{}, err
		}
		f.HasPasskey = has
	}
	u, err := s.Users.ByID(ctx, l.UserID)
	if err != nil {
		return mfa.Demand{}, fmt.Errorf("find a person for the policy: %w", err)
	}
	f.User = u.Name
	if f.Groups, err = s.Users.GroupsOf(ctx, l.UserID); err != nil {
		return mfa.Demand{}, fmt.Errorf("find a person's groups for the policy: %w", err)
	}
	return s.policy().Decide(f), nil
}

// accountDemand asks for the second factor of everyone who has one. Somebody
// without a device gets in with the password, and so does whoever confirms what came
// by the administrator's link.
func (s *Service) accountDemand(ctx context.Context, l Login) (mfa.Demand, error) {
	if l.Request.Account.Name == AccountConfirm {
		return s.policy().Demand(mfa.Off), nil
	}
	if l.UserID == "" {
		return s.policy().Demand(mfa.PushNumber), nil
	}
	m, err := s.meansOf(ctx, l.UserID)
	if err != nil {
		return mfa.Demand{}, err
	}
	return s.ownDemand(m, l.Request.Account.Change), nil
}

// ownDemand is what a person with these means has to prove at their own pages. To change
// what proves them they use the strongest they have (NIST SP 800-63B-4 and ASVS 7.5.1):
// where a passkey or a device verifies its person, nothing less will do. Either can
// remove the other, so that what was lost can be removed at all.
func (s *Service) ownDemand(m means, change bool) mfa.Demand {
	if m.none() {
		return s.policy().Demand(mfa.Off)
	}
	demand := s.policy().Demand(mfa.PushNumber)
	demand.Verified = change && m.strong
	return demand
}

// clientName is how a login's client is called on pages and devices.
func (s *Service) clientName(ctx context.Context, id string) string {
	if id == AccountPages {
		return "your account"
	}
	if strings.HasPrefix(id, foreignPrefix) {
		return ForeignName
	}
	if c, err := s.Clients.Get(ctx, id); err == nil {
		return c.Name
	}
	return id
}
