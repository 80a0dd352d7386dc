package token

import (
	"context"
	"fmt"

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
	asked  Asked
	key    *keys.Key
	issued Issued
	claims idClaims

	resources []string
}

// Prepare finds what signs before anything is used up. It returns ErrProofNeeded for a
// client that binds all its tokens and proved no key, and ErrInvalidTarget for a resource
// that is not registered for it.
func (t *Tokens) Prepare(ctx context.Context, c client.Client, asked Asked) (*Direct, error) {
	if err := asked.check(c); err != nil {
		return nil, fmt.Errorf("prepare tokens: %w", err)
	}
	// There was no request before that could name resources, so this one does.
	resources, err := narrowedResources(c.Resources, asked.Resources)
	if err != nil {
		return nil, fmt.Errorf("prepare tokens: %w", err)
	}
	if asked.Resources == nil { // what a client may ask for is not what it gets unasked
		resources = nil
	}
	key, err := t.signer(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("prepare tokens: %w", err)
	}
	return &Direct{tokens: t, client: c, asked: asked, resources: resources, key: key}, nil
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
		if err := t.Sessions.JoinTx(tx, given.SID, d.client.ID); err != nil {
			return err
		}
	}
	var g grant
	g, d.issued, err = t.giveTx(tx, d.client, grant{
		ID: random.ID("gra"), ClientID: d.client.ID, UserID: given.UserID, SID: given.SID, Scopes: db.List(given.Scopes...),
		Evidence: db.JSON[evidence.Evidence]{V: given.Evidence}, Resources: db.List(d.resources...),
	}, d.asked, now)
	if err != nil {
		return err
	}
	d.claims = t.claimsOf(g, now)
	return audit.Record(tx, audit.Entry{
		At: now, Action: "token.direct.issued", Subject: g.ID, User: g.UserID, Client: g.ClientID,
		Detail: map[string]any{"by": given.By, "sid": g.SID, "scopes": g.Scopes.V, "refresh": g.Offline},
	})
}

// Issued signs what is to be signed, outside any transaction since that is slow, and returns
// everything.
func (d *Direct) Issued() (Issued, error) {
	if err := d.tokens.signAccess(d.key, &d.issued); err != nil {
		return Issued{}, fmt.Errorf("issue tokens: %w", err)
	}
	var err error
	// Nothing is looked up: no single claims were asked for.
	d.issued.IDToken, err = d.tokens.mint(context.Background(), d.key, d.claims, d.issued)
	return d.issued, err
}
