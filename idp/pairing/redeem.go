package pairing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Redeem is one poll of a client (RFC 8628, section 3.4). It gives tokens once, as soon
// as the person has allowed it. Otherwise it returns polling.ErrPending, ErrSlowDown,
// ErrDenied or ErrExpired, or token.ErrInvalidGrant.
func (p *Pairings) Redeem(ctx context.Context, c client.Client, deviceCode string, asked token.Asked) (token.Issued, error) {
	if !random.WellFormed(codePrefix, deviceCode) {
		return token.Issued{}, fmt.Errorf("%w: the device code is not one of ours", token.ErrInvalidGrant)
	}
	direct, err := p.Tokens.Prepare(ctx, c, asked)
	if err != nil {
		return token.Issued{}, fmt.Errorf("redeem a device code: %w", err)
	}
	var refused error // is committed, with what was noted of the poll
	err = p.DB.Write(ctx, func(tx *db.Tx) (err error) {
		refused, err = p.redeemTx(tx, c, random.Hash(deviceCode), direct)
		return err
	})
	if errors.Is(err, session.ErrNone) { // it ended between the answer and this poll
		return token.Issued{}, fmt.Errorf("redeem a device code: %w", polling.ErrDenied)
	}
	if err = cmp.Or(err, refused); err != nil {
		return token.Issued{}, fmt.Errorf("redeem a device code: %w", err)
	}
	return direct.Issued()
}

func (p *Pairings) redeemTx(tx *db.Tx, c client.Client, hash []byte, direct *token.Direct) (refused, err error) {
	now := p.now()
	r, err := p.lockTx(tx, hash, c.ID)
	if errors.Is(err, db.ErrNotFound) {
		return fmt.Errorf("%w: the device code is unknown or another client's", token.ErrInvalidGrant), nil
	}
	if err != nil {
		return nil, err
	}
	pace, hasty := polling.Pace{Interval: time.Duration(r.Pace) * time.Millisecond, Last: r.PolledAt.Time}.Poll(now)
	switch {
	case r.State == redeemed:
		return fmt.Errorf("%w: the device code was redeemed before", token.ErrInvalidGrant), nil
	case r.State == denied:
		return polling.ErrDenied, nil
	case !now.Before(r.ExpiresAt.Time):
		return polling.ErrExpired, nil
	case r.State == allowed:
		if err := p.redeemedTx(tx, r.ID, now); err != nil {
			return nil, err
		}
		return nil, direct.IssueTx(tx, token.Given{
			UserID: r.UserID, SID: r.SID, Scopes: r.Scopes.V, Evidence: r.Evidence.V, By: "pairing " + r.ID,
		})
	}
	if err := p.polledTx(tx, r.ID, pace); err != nil {
		return nil, err
	}
	if hasty {
		return polling.ErrSlowDown, nil
	}
	return polling.ErrPending, nil
}
