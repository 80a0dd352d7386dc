package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/consent"
	"github.com/nod-idp/nod/internal/db"
)

// offlineAccess is the scope that lets a client stay connected (OpenID Connect Core 1.0,
// section 11).
const offlineAccess = "offline_access"

// firstParty reports whether nobody is asked for consent on behalf of this client.
func (s *Service) firstParty(ctx context.Context, clientID string) (bool, error) {
	if clientID == AccountPages {
		return true, nil
	}
	c, err := s.Clients.Get(ctx, clientID)
	if errors.Is(err, client.ErrNotFound) { // whoever looks at the demand finds out
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find a login's client: %w", err)
	}
	return c.FirstParty, nil
}

// consentDue reports whether the person has to be asked before the client gets anything.
func (s *Service) consentDue(ctx context.Context, l Login) (bool, error) {
	if l.firstParty || l.Request.StaysHere() {
		return false, nil
	}
	a, err := s.Consents.Find(ctx, l.UserID, l.ClientID)
	return due(l.Request, a), err
}

func (s *Service) consentDueTx(tx *db.Tx, l Login) (bool, error) {
	if l.firstParty || l.Request.StaysHere() {
		return false, nil
	}
	a, err := s.Consents.FindTx(tx, l.UserID, l.ClientID)
	return due(l.Request, a), err
}

// due reports whether the request wants to have the person asked, or wants something new.
// offline_access alone is no reason to ask: without prompt=consent it is ignored (OpenID
// Connect Core 1.0, section 11). A client that wants nothing that has a name is asked for
// each time: there is nothing to remember the answer by.
func due(req AuthRequest, a consent.Allowed) bool {
	scopes, claims := a.Lacks(req.Scopes, req.Claims.All())
	scopes = slices.DeleteFunc(scopes, func(scope string) bool { return scope == offlineAccess })
	return req.Prompts("consent") || a.Since.IsZero() || len(scopes)+len(claims) > 0
}

// grantedTx are the scopes that a login leads to. offline_access is among them only with
// consent on record or for a first-party client, and where there is a code to redeem.
func (s *Service) grantedTx(tx *db.Tx, l Login) ([]string, error) {
	scopes := slices.Clone(l.Request.Scopes)
	if !l.Request.Asks(offlineAccess) {
		return scopes, nil
	}
	offline := l.firstParty
	if !offline {
		a, err := s.Consents.FindTx(tx, l.UserID, l.ClientID)
		if err != nil {
			return nil, err
		}
		offline = slices.Contains(a.Scopes, offlineAccess)
	}
	if !offline || !l.Request.Wants("code") {
		scopes = slices.DeleteFunc(scopes, func(scope string) bool { return scope == offlineAccess })
	}
	return scopes, nil
}
