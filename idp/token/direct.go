package token

import (
	"context"
	"fmt"
	"slices"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Given is what a client gets about a person without a code in between.
type Given struct {
	UserID string
	// SID is the session that it ends with, "" if there is none.
	SID      string
	Scopes   []string
	Evidence evidence.Evidence
	By       string // how the person was asked, for the journal
}

// Direct is one answer of the token endpoint for a client that waited for its person
// elsewhere. Prepare makes it, IssueTx fills it, and Issued signs what is signed.
type Direct struct {
	tokens *Tokens
	client client.Client
	key    *keys.Key
	issued Issued
	claims idClaims
}

// Prepare finds what signs before anything is used up.
func (t *Tokens) Prepare(ctx context.Context, c client.Client) (*Direct, error) {
	key, err := t.signer(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("prepare tokens: %w", err)
	}
	return &Direct{tokens: t, client: c, key: key}, nil
}

// IssueTx makes the tokens in the transaction that uses up what they are given for. It
// returns ErrInvalidGrant if the person was disabled, and session.ErrNone if their
// session is over.
func (d *Direct) IssueTx(tx *db.Tx, given Given) error {
	t, now := d.tokens, d.tokens.now()
	active, err := user.ActiveTx(tx, given.UserID)
	if err != nil {
		return err
	}
	if !active {
		return fmt.Errorf("%w: the person is disabled", ErrInvalidGrant)
	}
	if given.SID != "" {
		if err := t.Sessions.HoldTx(tx, given.SID); err != nil {
			return err
		}
	}
	g := grant{
		ID: random.ID("gra"), ClientID: d.client.ID, UserID: given.UserID, SID: given.SID, Scopes: db.List(given.Scopes...),
		Evidence: db.JSON[evidence.Evidence]{V: given.Evidence}, CreatedAt: db.At(now), ExpiresAt: db.At(now.Add(t.accessLife())),
	}
	if g.Offline = refreshes(d.client) && slices.Contains(given.Scopes, scopeOffline); g.Offline {
		g.ExpiresAt = db.At(now.Add(t.refreshAbsolute()))
	} else {
		g.Scopes.V = slices.DeleteFunc(slices.Clone(g.Scopes.V), func(s string) bool { return s == scopeOffline })
	}
	if err := t.insertGrant(tx, g); err != nil {
		return err
	}
	if d.issued, err = t.accessTx(tx, g, g.Scopes.V, now); err != nil {
		return err
	}
	if g.Offline {
		d.issued.RefreshToken = random.Token(refreshPrefix)
		if err := t.insertRefresh(tx, g, d.issued.RefreshToken, now); err != nil {
			return err
		}
	}
	d.claims = t.claimsOf(g, now)
	return audit.Record(tx, audit.Entry{
		At: now, Action: "token.direct.issued", Subject: g.ID, User: g.UserID, Client: g.ClientID,
		Detail: map[string]any{"by": given.By, "sid": g.SID, "scopes": g.Scopes.V, "refresh": g.Offline},
	})
}

// Issued signs the ID token, outside any transaction since that is slow, and returns
// everything.
func (d *Direct) Issued() (Issued, error) {
	var err error
	d.issued.IDToken, err = d.tokens.mint(d.key, d.claims, d.issued)
	return d.issued, err
}
