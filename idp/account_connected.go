package idp

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
)

// Connected is a client that its person allowed something, or that stays connected while
// they are away.
type Connected struct {
	ClientID string
	Name     string
	Since    time.Time
	Offline  bool      // it can use the account at present while its person is away
	UsedAt   time.Time // then: when it last took new tokens
	Scopes   []string  // what it may have
	Claims   []string
}

// Connected returns the clients that have something of the person's, in the order of
// their ids. One that was removed can use nothing and is left out.
func (s *Service) Connected(ctx context.Context, h Holder) ([]Connected, error) {
	found := map[string]Connected{}
	allowed, err := s.Consents.List(ctx, h.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list connected clients: %w", err)
	}
	for _, a := range allowed {
		found[a.ClientID] = Connected{ClientID: a.ClientID, Since: a.Since, Scopes: a.Scopes, Claims: a.Claims}
	}
	grants, err := s.Tokens.Offline(ctx, h.User.ID)
	if err != nil {
		return nil, fmt.Errorf("list connected clients: %w", err)
	}
	for _, g := range grants {
		c, known := found[g.ClientID]
		if !known {
			c = Connected{ClientID: g.ClientID, Since: g.Since}
		}
		c.Offline, c.UsedAt = true, g.UsedAt
		found[g.ClientID] = c
	}
	var list []Connected
	for id, c := range found {
		registered, err := s.Clients.Get(ctx, id)
		if errors.Is(err, client.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("list connected clients: %w", err)
		}
		c.Name = registered.Name
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b Connected) int { return strings.Compare(a.ClientID, b.ClientID) })
	return list, nil
}

// disconnected is why a grant was revoked by its person.
const disconnected = "disconnected"

// Disconnect takes back what a client was allowed and everything it was given about the
// person. It returns token.ErrNone if there was nothing.
func (s *Service) Disconnect(ctx context.Context, h Holder, clientID string) error {
	return s.DB.Write(asPerson(ctx, h), func(tx *db.Tx) error {
		had, err := s.Consents.RevokeTx(tx, h.User.ID, clientID)
		if err != nil {
			return err
		}
		err = s.Tokens.RevokePersonTx(tx, h.User.ID, clientID, disconnected)
		if had && errors.Is(err, token.ErrNone) {
			return nil
		}
		return err
	})
}
