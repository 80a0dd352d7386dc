package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/keys"
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
	Claims    claims.Asked
	Evidence  evidence.Evidence
	JKT       string   // thumbprint of the key it is bound to (RFC 9449), "" for none
	Resources []string // where it may be used (RFC 8707), nil for our own userinfo endpoint
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Allows reports whether the token carries a scope.
func (a Access) Allows(scope string) bool { return slices.Contains(a.Scopes, scope) }

// Access returns what an access token stands for, or ErrNone. The grant, the person
// and the client are looked at with it, in one statement: a revocation holds from the
// next look-up on, on every node. An ID token is no access token: it has no row
// and another typ.
func (t *Tokens) Access(ctx context.Context, token string) (Access, error) {
	handle, err := t.handleOf(ctx, token)
	if err != nil {
		return Access{}, err
	}
	found, err := t.accessByHash(ctx, handle, t.now())
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
func (t *Tokens) ClientCredentials(ctx context.Context, c client.Client, asked Asked) (issued Issued, err error) {
	if err := asked.check(c); err != nil {
		return Issued{}, fmt.Errorf("client credentials: %w", err)
	}
	var key *keys.Key
	if c.AccessTokens == client.JWTTokens {
		if key, err = t.signer(ctx, c); err != nil {
			return Issued{}, fmt.Errorf("client credentials: %w", err)
		}
	}
	resources, err := narrowedResources(c.Resources, asked.Resources)
	if err != nil {
		return Issued{}, fmt.Errorf("client credentials: %w", err)
	}
	if asked.Resources == nil { // what a client may ask for is not what it gets unasked
		resources = nil
	}
	err = t.DB.Write(ctx, func(tx *db.Tx) error {
		now := t.now()
		g := grant{ID: random.ID("gra"), ClientID: c.ID, CreatedAt: db.At(now), ExpiresAt: db.At(now.Add(t.accessLife())),
			Resources: db.List(resources...)}
		if err := t.insertGrant(tx, g); err != nil {
			return err
		}
		if issued, err = t.accessTx(tx, c, g, nil, asked, now); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "token.client.issued", Subject: g.ID, Client: c.ID})
	})
	if err != nil {
		return Issued{}, fmt.Errorf("client credentials: %w", err)
	}
	if err := t.signAccess(key, &issued); err != nil {
		return Issued{}, fmt.Errorf("client credentials: %w", err)
	}
	return issued, nil
}

// accessTx issues an access token under a grant. It never outlives the grant. A JWT is
// still to be signed, by signAccess, when the transaction is over.
func (t *Tokens) accessTx(tx *db.Tx, c client.Client, g grant, scopes []string, asked Asked, now time.Time) (Issued, error) {
	resources, err := narrowedResources(g.Resources.V, asked.Resources)
	if err != nil {
		return Issued{}, err
	}
	id, expires := random.ID("acc"), earlier(now.Add(t.accessLife()), g.ExpiresAt.Time)
	issued := Issued{ExpiresIn: expires.Sub(now), Scopes: scopes, JKT: asked.JKT}
	handle := handleOfJWT(id)
	if c.AccessTokens == client.JWTTokens {
		issued.claims = t.accessClaims(g, id, scopes, resources, asked.JKT, now, expires)
	} else {
		issued.AccessToken = random.Token(accessPrefix)
		handle = issued.AccessToken
	}
	return issued, t.insertAccess(tx, g, handle, Access{ID: id, Scopes: scopes, JKT: asked.JKT, Resources: resources, IssuedAt: now, ExpiresAt: expires})
}
