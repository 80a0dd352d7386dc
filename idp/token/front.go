package token

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/claims"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Front is what the authorization endpoint itself gives, beside a code or instead of one
// (OpenID Connect Core 1.0, sections 3.2 and 3.3).
type Front struct {
	Code        string // issued along, "" if none is
	AccessToken string // "" if none is
	IDToken     string
	ExpiresIn   time.Duration // of the access token, from its issue
}

// IssueFrontTx stores an access token that reaches the client through the browser and
// returns it. It has a grant of its own without a refresh token, which ends with the
// session. A login leads to one at most: the second time it returns ErrCodeIssued.
func (t *Tokens) IssueFrontTx(tx *db.Tx, r CodeRequest) (string, error) {
	token := random.Token(accessPrefix)
	if r.LoginID != "" {
		token = t.FrontFor(r.LoginID)
	}
	now := t.now()
	expires := now.Add(t.accessLife())
	g := grant{
		ID: random.ID("gra"), ClientID: r.ClientID, UserID: r.UserID, SID: r.SID, Scopes: db.List(withoutOffline(r.Scopes)...),
		Claims: db.JSON[claims.Asked]{V: r.Claims}, Evidence: db.JSON[evidence.Evidence]{V: r.Evidence}, CreatedAt: db.At(now), ExpiresAt: db.At(expires),
		Resources: db.List(r.Resources...),
	}
	if err := t.insertGrant(tx, g); err != nil {
		return "", fmt.Errorf("issue a front-channel token: %w", err)
	}
	a := Access{ID: random.ID("acc"), Scopes: g.Scopes.V, Resources: r.Resources, IssuedAt: now, ExpiresAt: expires}
	if err := t.insertAccess(tx, g, token, a); err != nil {
		return "", fmt.Errorf("issue a front-channel token: %w", err)
	}
	return token, audit.Record(tx, audit.Entry{
		At: now, Action: "token.front.issued", Subject: g.ID, User: r.UserID, Client: r.ClientID,
		Detail: map[string]any{"login": r.LoginID, "sid": r.SID, "scopes": g.Scopes.V},
	})
}

// FrontFor returns the access token that a stored login leads to, as CodeFor does for its
// code. It says nothing about whether one was issued.
func (t *Tokens) FrontFor(loginID string) string {
	return random.Encode(accessPrefix, t.Box.MAC("front access", loginID))
}

// FrontLife is how long such an access token lives.
func (t *Tokens) FrontLife() time.Duration { return t.accessLife() }

// FrontIDToken signs the ID token that comes along with f. at is the moment of the answer,
// so that an answer that is given again says the same. Claims about the person are left
// to the userinfo endpoint unless the client gets nothing that opens it (OpenID Connect
// Core 1.0, section 5.4).
func (t *Tokens) FrontIDToken(ctx context.Context, c client.Client, r CodeRequest, f Front, at time.Time) (string, error) {
	key, err := t.signer(ctx, c)
	if err != nil {
		return "", fmt.Errorf("mint a front-channel ID token: %w", err)
	}
	told := t.claimsOf(grant{
		ClientID: c.ID, UserID: r.UserID, SID: r.SID, Claims: db.JSON[claims.Asked]{V: r.Claims}, Evidence: db.JSON[evidence.Evidence]{V: r.Evidence},
	}, at)
	told.Nonce = r.Nonce
	if f.Code != "" {
		told.CHash = leftHalf(key.Algorithm(), f.Code)
	}
	if f.AccessToken != "" {
		told.AtHash = leftHalf(key.Algorithm(), f.AccessToken)
	}
	if f.Code != "" || f.AccessToken != "" {
		return t.sign(ctx, key, told, nil)
	}
	return t.sign(ctx, key, told, r.Scopes)
}

func withoutOffline(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == scopeOffline })
}
