package pairing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Enter returns the id of the pairing whose user code somebody typed. A code is guessed
// at once for all pairings, so guesses count against where they come from: it returns
// *throttle.WaitError or *throttle.ClosedError when a guess must not even be looked at,
// and ErrNone for a code that stands for nothing.
func (p *Pairings) Enter(ctx context.Context, typed, ip string) (id string, err error) {
	now := p.now()
	attempt, err := p.Guesses.Reserve(ctx, p.target(ip, now))
	if err != nil {
		return "", err
	}
	err = p.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if code := readCode(typed); code != "" {
			id, err = p.findTx(tx, p.indexOf(code), now)
		} else {
			err = db.ErrNotFound
		}
		switch {
		case errors.Is(err, db.ErrNotFound):
			id = ""
			return p.missTx(tx, attempt, now)
		case err != nil:
			return err
		}
		return throttle.RightTx(tx, attempt)
	})
	switch {
	case err != nil: // nothing was learned from it
		return "", errors.Join(fmt.Errorf("enter a user code: %w", err), p.Guesses.Drop(context.WithoutCancel(ctx), attempt))
	case id == "":
		return "", ErrNone
	}
	return id, nil
}

func (p *Pairings) missTx(tx *db.Tx, attempt throttle.Attempt, now time.Time) error {
	if _, err := p.Guesses.WrongTx(tx, attempt); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{At: now, Action: "pairing.code", Outcome: audit.Refused})
}

// target is what is guessed at from a network. A network that was closed is open again
// the next day: there is no person who could ask the administrator to unlock it.
func (p *Pairings) target(ip string, now time.Time) throttle.Target {
	day := now.UTC().Format(time.DateOnly)
	return throttle.Target{Account: "network:" + throttle.Network(ip) + "/" + day, Authenticator: "user code", IP: ip}
}

// Get returns a pairing that waits for its person's answer, or ErrNone. Whoever knows its
// id was told the user code, and can do nothing with it without signing in.
func (p *Pairings) Get(ctx context.Context, id string) (Pairing, error) {
	r, err := p.find(ctx, id, p.now())
	if errors.Is(err, db.ErrNotFound) {
		return Pairing{}, ErrNone
	}
	if err != nil {
		return Pairing{}, fmt.Errorf("find a pairing: %w", err)
	}
	return Pairing{
		ID: r.ID, ClientID: r.ClientID, UserCode: spaced(p.userCode(r.ID)), Scopes: r.Scopes.V, IP: r.IP,
		CreatedAt: r.CreatedAt.Time, ExpiresAt: r.ExpiresAt.Time,
	}, nil
}
