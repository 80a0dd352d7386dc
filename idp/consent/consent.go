// Package consent remembers what people allowed clients to have. It owns the table
// consents. Whether somebody has to be asked is decided by idp, the page that asks
// belongs to web/login, and what a client was given is kept by idp/token.
//
// Words: what is allowed is a set of scopes and of single claims, for one person and one
// client. Each of them is a row, so that two answers at once add up.
package consent

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Consents keeps what people allowed. DB must be set.
type Consents struct {
	DB  *db.DB
	Now func() time.Time // nil means time.Now
}

// Allowed is what one client may have about one person.
type Allowed struct {
	ClientID string
	Scopes   []string // sorted
	Claims   []string // sorted
	Since    time.Time
}

// Lacks returns the scopes and claims that nobody allowed yet.
func (a Allowed) Lacks(scopes, claims []string) (newScopes, newClaims []string) {
	return without(scopes, a.Scopes), without(claims, a.Claims)
}

func without(all, some []string) (rest []string) {
	for _, one := range all {
		if !slices.Contains(some, one) {
			rest = append(rest, one)
		}
	}
	return rest
}

// Find returns what a client may have about a person. Since is zero when that is nothing.
func (c *Consents) Find(ctx context.Context, userID, clientID string) (Allowed, error) {
	rows, err := c.ofClient(ctx, userID, clientID)
	if err != nil {
		return Allowed{}, fmt.Errorf("find a consent: %w", err)
	}
	return allowed(clientID, rows), nil
}

// FindTx is Find in a transaction.
func (c *Consents) FindTx(tx *db.Tx, userID, clientID string) (Allowed, error) {
	rows, err := c.ofClientTx(tx, userID, clientID)
	if err != nil {
		return Allowed{}, fmt.Errorf("find a consent: %w", err)
	}
	return allowed(clientID, rows), nil
}

// List returns what a person allowed, in the order of the clients' ids.
func (c *Consents) List(ctx context.Context, userID string) ([]Allowed, error) {
	rows, err := c.ofUser(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list consents: %w", err)
	}
	var list []Allowed
	for len(rows) > 0 {
		id := rows[0].ClientID
		end := slices.IndexFunc(rows, func(r row) bool { return r.ClientID != id })
		if end < 0 {
			end = len(rows)
		}
		list, rows = append(list, allowed(id, rows[:end])), rows[end:]
	}
	return list, nil
}

// AllowTx adds to what a client may have about a person.
func (c *Consents) AllowTx(tx *db.Tx, userID, clientID string, scopes, claims []string) error {
	now := c.now()
	for kind, names := range map[kind][]string{scope: scopes, claim: claims} {
		for _, name := range names {
			if err := c.insert(tx, userID, clientID, kind, name, now); err != nil {
				return fmt.Errorf("keep a consent: %w", err)
			}
		}
	}
	return audit.Record(tx, audit.Entry{
		At: now, Action: "consent.given", Subject: clientID, User: userID, Client: clientID,
		Detail: map[string]any{"scopes": scopes, "claims": claims},
	})
}

// RevokeTx takes back all that a client may have about a person, and reports whether that
// was anything. What the client was given already is left to the caller.
func (c *Consents) RevokeTx(tx *db.Tx, userID, clientID string) (bool, error) {
	n, err := c.delete(tx, userID, clientID)
	if err != nil {
		return false, fmt.Errorf("take back a consent: %w", err)
	}
	if n == 0 {
		return false, nil
	}
	return true, audit.Record(tx, audit.Entry{At: c.now(), Action: "consent.revoked", Subject: clientID, User: userID, Client: clientID})
}

func (c *Consents) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

func allowed(clientID string, rows []row) Allowed {
	a := Allowed{ClientID: clientID}
	for _, r := range rows {
		if r.Kind == scope {
			a.Scopes = append(a.Scopes, r.Name)
		} else {
			a.Claims = append(a.Claims, r.Name)
		}
		if a.Since.IsZero() || r.AllowedAt.Before(a.Since) {
			a.Since = r.AllowedAt.Time
		}
	}
	return a
}
