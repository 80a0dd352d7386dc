package pairing

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Allow gives a pairing the person of a session, once. What they proved goes along, and
// the tokens end with that session like those of any other client. It returns ErrNone if
// the pairing does not wait any more or the session is over.
func (p *Pairings) Allow(ctx context.Context, id string, by session.Session) error {
	return p.decide(ctx, id, by, allowed)
}

// Deny ends a pairing because its person does not want it.
func (p *Pairings) Deny(ctx context.Context, id string, by session.Session) error {
	return p.decide(ctx, id, by, denied)
}

func (p *Pairings) decide(ctx context.Context, id string, by session.Session, to state) error {
	err := p.DB.Write(audit.As(ctx, "user:"+by.UserID), func(tx *db.Tx) error {
		now := p.now()
		if err := p.Tokens.Sessions.HoldTx(tx, by.SID); err != nil {
			return err
		}
		clientID, err := p.decideTx(tx, id, by, to, now)
		if err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "pairing." + string(to), Subject: id, User: by.UserID, Client: clientID})
	})
	if errors.Is(err, session.ErrNone) || errors.Is(err, db.ErrNotFound) {
		return ErrNone
	}
	if err != nil {
		return fmt.Errorf("answer a pairing: %w", err)
	}
	return nil
}

// Answer is what became of a pairing.
type Answer string

// The answers.
const (
	Unanswered Answer = ""
	Allowed    Answer = "allowed"
	Denied     Answer = "denied"
)

// Answer returns what became of a pairing, Unanswered for one that is not there.
func (p *Pairings) Answer(ctx context.Context, id string) (Answer, error) {
	now, err := p.stateOf(ctx, id)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return Unanswered, nil
	case err != nil:
		return Unanswered, fmt.Errorf("find a pairing: %w", err)
	case now == allowed, now == redeemed:
		return Allowed, nil
	case now == denied:
		return Denied, nil
	}
	return Unanswered, nil
}
