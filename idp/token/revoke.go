package token

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Revoke takes back a token of a client (RFC 7009). A refresh token takes its whole
// grant along, an access token only itself. A token that is unknown or another
// client's is no error and changes nothing (section 2.2).
func (t *Tokens) Revoke(ctx context.Context, c client.Client, token string) error {
	var take func(tx *db.Tx) error
	if random.WellFormed(refreshPrefix, token) {
		take = func(tx *db.Tx) error { return t.revokeRefreshTx(tx, c, token) }
	} else {
		handle, err := t.handleOf(ctx, token)
		if errors.Is(err, ErrNone) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("revoke token: %w", err)
		}
		take = func(tx *db.Tx) error { return t.revokeAccessTx(tx, c, handle) }
	}
	err := t.DB.Write(ctx, take)
	if err != nil && !errors.Is(err, ErrNone) {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

func (t *Tokens) revokeAccessTx(tx *db.Tx, c client.Client, handle string) error {
	found, err := t.setAccessRevoked(tx, handle, c.ID, t.now())
	if err != nil {
		return none(err)
	}
	return audit.Record(tx, audit.Entry{
		At: t.now(), Action: "token.access.revoked", Subject: found.ID, User: found.UserID, Client: c.ID,
		Detail: map[string]any{"grant": found.GrantID},
	})
}

func (t *Tokens) revokeRefreshTx(tx *db.Tx, c client.Client, token string) error {
	held, err := t.refreshByHash(tx, token)
	if err != nil {
		return none(err)
	}
	if held.ClientID != c.ID {
		return ErrNone
	}
	return t.revokeGrantTx(tx, held.ID, "the client revoked it")
}

// revokeGrantTx takes back everything of one grant. It returns ErrNone if there is
// nothing left to take back.
func (t *Tokens) revokeGrantTx(tx *db.Tx, id, reason string) error {
	g, err := t.setGrantRevoked(tx, id, reason, t.now())
	if err != nil {
		return none(err)
	}
	return audit.Record(tx, audit.Entry{
		At: t.now(), Action: "grant.revoked", Subject: g.ID, User: g.UserID, Client: g.ClientID,
		Detail: map[string]any{"reason": reason},
	})
}

// RevokeSessionTx takes back what clients were given under a session, by its SID, but
// for the grants with offline_access, which outlive it. The session is ended before,
// in the same transaction: a code being redeemed at the same moment then either finds
// it ended or is seen here.
func (t *Tokens) RevokeSessionTx(tx *db.Tx, sid, reason string) error {
	all, err := t.setSessionRevoked(tx, sid, reason, t.now())
	return t.recordAllTx(tx, all, reason, err)
}

// RevokeUserTx takes back everything that any client was given about a person.
// Whoever wants nothing to escape ends the person's sessions before, in the same
// transaction.
func (t *Tokens) RevokeUserTx(tx *db.Tx, userID, reason string) error {
	all, err := t.setUserRevoked(tx, userID, reason, t.now())
	return t.recordAllTx(tx, all, reason, err)
}

// RevokeClientTx takes back everything that a client was given.
func (t *Tokens) RevokeClientTx(tx *db.Tx, clientID, reason string) error {
	all, err := t.setClientRevoked(tx, clientID, reason, t.now())
	return t.recordAllTx(tx, all, reason, err)
}

func (t *Tokens) recordAllTx(tx *db.Tx, all []grant, reason string, err error) error {
	if err != nil {
		return fmt.Errorf("revoke grants: %w", err)
	}
	for _, g := range all {
		if err := audit.Record(tx, audit.Entry{
			At: t.now(), Action: "grant.revoked", Subject: g.ID, User: g.UserID, Client: g.ClientID,
			Detail: map[string]any{"reason": reason},
		}); err != nil {
			return err
		}
	}
	return nil
}

func none(err error) error {
	if errors.Is(err, db.ErrNotFound) {
		return ErrNone
	}
	return err
}
