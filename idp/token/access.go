package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Access is what a valid access token stands for.
type Access struct {
	ID        string
	GrantID   string
	ClientID  string
	UserID    string // "" when the client acts for itself
	SID       string
	Scopes    []string
	Evidence  evidence.Evidence
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Allows reports whether the token carries a scope.
func (a Access) Allows(scope string) bool { return slices.Contains(a.Scopes, scope) }

// Access returns what an access token stands for, or ErrNone. The grant, the person
// and the client are looked at with it, in one statement: a revocation holds from the
// next look-up on, on every node. An ID token is no access token: it has no row.
func (t *Tokens) Access(ctx context.Context, token string) (Access, error) {
	if !random.WellFormed(accessPrefix, token) {
		return Access{}, ErrNone
	}
	found, err := t.accessByHash(ctx, token, t.now())
	if errors.Is(err, db.ErrNotFound) {
		return Access{}, ErrNone
	}
	if err != nil {
		return Access{}, fmt.Errorf("look up access token: %w", err)
	}
	return found, nil
}

// ClientCredentials gives a client tokens for itself (RFC 6749, section 4.4). There is
// no person and so no ID token, and no refresh token (section 4.4.3). Scopes that nod
// knows are about a person; none of them is granted, and the answer says so.
func (t *Tokens) ClientCredentials(ctx context.Context, c client.Client) (issued Issued, err error) {
	err = t.DB.Write(ctx, func(tx *db.Tx) error {
		now := t.now()
		g := grant{ID: random.ID("gra"), ClientID: c.ID, CreatedAt: db.At(now), ExpiresAt: db.At(now.Add(t.accessLife()))}
		if err := t.insertGrant(tx, g); err != nil {
			return err
		}
		if issued, err = t.accessTx(tx, g, nil, now); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "token.client.issued", Subject: g.ID, Client: c.ID})
	})
	if err != nil {
		return Issued{}, fmt.Errorf("client credentials: %w", err)
	}
	return issued, nil
}

// accessTx issues an access token under a grant. It never outlives the grant.
func (t *Tokens) accessTx(tx *db.Tx, g grant, scopes []string, now time.Time) (Issued, error) {
	expires := earlier(now.Add(t.accessLife()), g.ExpiresAt.Time)
	token := random.Token(accessPrefix)
	if err := t.insertAccess(tx, g, token, scopes, now, expires); err != nil {
		return Issued{}, err
	}
	return Issued{AccessToken: token, ExpiresIn: expires.Sub(now), Scopes: scopes}, nil
}
