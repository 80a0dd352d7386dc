package idp

import (
	"context"
	"fmt"
)

// AccountPair is the page that asks whether something without a browser may be signed in.
// It is no page of the person's account: a login to it proves what the client that is
// signed in to demands, and its devices are told of that client.
const AccountPair AccountName = "pair"

// StaysHere reports whether a login ends at a page of ours, with a session and without a
// code.
func (r AuthRequest) StaysHere() bool {
	return r.ClientID == AccountPages || r.pairs()
}

func (r AuthRequest) pairs() bool { return r.Account.Name == AccountPair }

// pairRequest is what is asked of whoever answers a pairing of a client.
func pairRequest(clientID, pairingID string) AuthRequest {
	return AuthRequest{ClientID: clientID, Prompt: []string{"login"}, Account: AccountPage{Name: AccountPair, Item: pairingID}}
}

// BeginPair begins a login to the page of a pairing.
func (s *Service) BeginPair(ctx context.Context, b Browser, clientID, pairingID string) (Begun, error) {
	return s.Begin(ctx, pairRequest(clientID, pairingID), b)
}

// PairHolder returns the person whose session the browser holds if they may answer a
// pairing of this client: everything that the client demands was proved within five
// minutes. A session that is older does not do, though it would at the authorization
// endpoint: whoever is led to this page by a stranger must at least be asked by their
// own device (RFC 8628, section 5.4). Otherwise it returns ErrSignIn.
func (s *Service) PairHolder(ctx context.Context, b Browser, clientID, pairingID string) (Holder, error) {
	h, err := s.holder(ctx, b)
	if err != nil {
		return Holder{}, err
	}
	demand, err := s.demand(ctx, Login{
		ClientID: clientID, UserID: h.User.ID, IP: h.Session.IP, Request: pairRequest(clientID, pairingID),
	})
	if err != nil {
		return Holder{}, fmt.Errorf("see what a pairing demands: %w", err)
	}
	if !s.proves(h, demand) || s.now().Sub(oldest(h.Session.Evidence)) > freshFor {
		return Holder{}, ErrSignIn
	}
	return h, nil
}
