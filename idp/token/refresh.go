package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/internal/random"
)

// Refresh exchanges a refresh token for new tokens (RFC 6749, section 6). scopes may
// ask for less than was granted, nil for all of it.
//
// The successor is derived from the parent with a sealed key. So when the answer was
// lost, presenting the parent again within the grace, as long as the successor was
// not used, gives the same successor, although only hashes are stored. Any later use
// of the parent means that two parties hold it, and revokes the family (RFC 9700,
// section 4.14.2).
func (t *Tokens) Refresh(ctx context.Context, c client.Client, presented string, scopes []string, asked Asked) (Issued, error) {
	if err := asked.check(c); err != nil {
		return Issued{}, fmt.Errorf("refresh: %w", err)
	}
	if !random.WellFormed(refreshPrefix, presented) {
		return Issued{}, fmt.Errorf("%w: the refresh token is not one of ours", ErrInvalidGrant)
	}
	key, err := t.signer(ctx, c)
	if err != nil {
		return Issued{}, fmt.Errorf("refresh: %w", err)
	}
	var issued Issued
	var claims idClaims
	var refused error // counts once it is committed, with the entry that tells of it
	err = t.DB.Write(ctx, func(tx *db.Tx) (err error) {
		issued, claims, refused, err = t.refreshTx(tx, c, presented, scopes, asked)
		return err
	})
	if err = cmp.Or(err, refused); err != nil {
		return Issued{}, fmt.Errorf("refresh: %w", err)
	}
	failpoint.Hit(failpoint.RefreshStored)
	if err := t.signAccess(key, &issued); err != nil {
		return Issued{}, fmt.Errorf("refresh: %w", err)
	}
	if issued.IDToken, err = t.mint(ctx, key, claims, issued); err != nil {
		return Issued{}, fmt.Errorf("refresh: %w", err)
	}
	return issued, nil
}

func (t *Tokens) refreshTx(tx *db.Tx, c client.Client, presented string, scopes []string, asked Asked) (_ Issued, _ idClaims, refused, err error) {
	now := t.now()
	held, err := t.refreshByHash(tx, presented)
	if errors.Is(err, db.ErrNotFound) {
		return Issued{}, idClaims{}, fmt.Errorf("%w: the refresh token is unknown", ErrInvalidGrant), nil
	}
	if err != nil {
		return Issued{}, idClaims{}, nil, err
	}
	if reason := t.refreshFault(held, c, asked.JKT, now); reason != "" {
		refused, err := t.refuseRefreshTx(tx, c, held, reason)
		return Issued{}, idClaims{}, refused, err
	}
	granted, err := narrowed(held.Scopes.V, scopes)
	if err != nil {
		return Issued{}, idClaims{}, err, nil
	}
	if _, err := narrowedResources(held.Resources.V, asked.Resources); err != nil {
		return Issued{}, idClaims{}, err, nil
	}
	successor, reused, err := t.succeedTx(tx, c, held, presented, now)
	if err != nil {
		return Issued{}, idClaims{}, nil, err
	}
	if reused {
		if err := t.revokeGrantTx(tx, held.ID, "a refresh token was used twice"); err != nil && !errors.Is(err, ErrNone) {
			return Issued{}, idClaims{}, nil, err
		}
		refused, err := t.refuseRefreshTx(tx, c, held, "the refresh token was used before")
		return Issued{}, idClaims{}, refused, err
	}
	issued, err := t.accessTx(tx, c, held.grant, granted, asked, now)
	if err != nil {
		return Issued{}, idClaims{}, nil, err
	}
	issued.RefreshToken = successor
	// No nonce: it belongs to the authentication and was told then (OpenID Connect Core 1.0, section 12.2).
	return issued, t.claimsOf(held.grant, now), nil, audit.Record(tx, audit.Entry{
		At: now, Action: "token.refreshed", Subject: held.ID, User: held.UserID, Client: c.ID,
		Detail: map[string]any{"scopes": granted},
	})
}

// refreshFault says why a refresh token must not be honoured, "" if it may be. That
// it was used before is not looked at here.
func (t *Tokens) refreshFault(held refreshRow, c client.Client, jkt string, now time.Time) string {
	switch {
	case held.ClientID != c.ID:
		return "the refresh token is another client's"
	case held.JKT != "" && held.JKT != jkt:
		return "the refresh token is bound to another key"
	case !refreshes(c):
		return "the client is not registered for refresh tokens"
	case !held.RevokedAt.IsZero():
		return "the grant was revoked"
	case !now.Before(held.RefreshExpiresAt.Time):
		return "the refresh token has expired"
	case !now.Before(held.IdleExpiresAt.Time):
		return "the refresh token was idle for too long"
	case !held.UserActive:
		return "the person is disabled"
	case !held.ClientActive:
		return "the client is disabled"
	}
	return ""
}

// succeedTx uses the parent up and returns its successor, or reports that the parent
// was used before. Where rotation is off the parent is its own successor.
func (t *Tokens) succeedTx(tx *db.Tx, c client.Client, held refreshRow, parent string, now time.Time) (successor string, reused bool, err error) {
	if !rotates(c) {
		kept, err := t.prolongRefresh(tx, parent, earlier(now.Add(t.refreshIdle()), held.RefreshExpiresAt.Time))
		return parent, !kept, err
	}
	successor = random.Encode(refreshPrefix, t.Box.MAC("refresh", parent))
	first, err := t.rotateRefresh(tx, parent, successor, now)
	if err != nil {
		return "", false, err
	}
	if first {
		return successor, false, t.insertSuccessor(tx, held, successor, now)
	}
	again, err := t.mayRepeat(tx, parent, successor, now.Add(-t.refreshGrace()))
	return successor, !again, err
}

func (t *Tokens) refuseRefreshTx(tx *db.Tx, c client.Client, held refreshRow, reason string) (refused, err error) {
	return fmt.Errorf("%w: %s", ErrInvalidGrant, reason), audit.Record(tx, audit.Entry{
		At: t.now(), Action: "token.refresh.refused", Outcome: audit.Refused, Subject: held.ID, User: held.UserID, Client: c.ID,
		Detail: map[string]any{"reason": reason, "issued_to": held.ClientID},
	})
}

// narrowed returns the scopes asked for if all of them were granted (RFC 6749,
// section 6).
func narrowed(granted, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return granted, nil
	}
	for _, scope := range asked {
		if !slices.Contains(granted, scope) {
			return nil, fmt.Errorf("%w: %.40q was not granted", ErrInvalidScope, scope)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(asked))), nil
}

// refreshes reports whether the client is registered for refresh tokens.
func refreshes(c client.Client) bool { return c.AllowsGrant(string(client.RefreshToken)) }

// rotates reports whether the client's refresh tokens change at each use. For public
// clients nothing can switch that off (RFC 9700, section 2.2.2).
func rotates(c client.Client) bool { return c.RefreshRotation || c.Public() }
