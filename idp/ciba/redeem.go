package ciba

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/polling"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/mfa"
)

// Redeem is one poll of a client (OpenID Connect CIBA Core 1.0, section 10.1). It gives
// tokens once, as soon as the person has approved. Otherwise it returns
// polling.ErrPending, ErrSlowDown, ErrDenied or ErrExpired, or token.ErrInvalidGrant.
func (q *Inquiries) Redeem(ctx context.Context, c client.Client, authReqID string, asked token.Asked) (token.Issued, error) {
	if !random.WellFormed(codePrefix, authReqID) {
		return token.Issued{}, fmt.Errorf("%w: the auth_req_id is not one of ours", token.ErrInvalidGrant)
	}
	direct, err := q.Tokens.Prepare(ctx, c, asked)
	if err != nil {
		return token.Issued{}, fmt.Errorf("redeem an inquiry: %w", err)
	}
	r, err := q.poll(ctx, c, authReqID)
	if err == nil {
		err = q.verify(ctx, r, direct)
	}
	if err != nil {
		return token.Issued{}, fmt.Errorf("redeem an inquiry: %w", err)
	}
	return direct.Issued()
}

// poll returns the inquiry if its person has approved it.
func (q *Inquiries) poll(ctx context.Context, c client.Client, authReqID string) (r row, err error) {
	var refused error // is committed, with what was noted of the poll
	err = q.DB.Write(ctx, func(tx *db.Tx) error {
		if r, err = q.lockTx(tx, random.Hash(authReqID), c.ID); err != nil {
			return err
		}
		refused, err = q.pollTx(tx, r)
		return err
	})
	if errors.Is(err, db.ErrNotFound) {
		return r, fmt.Errorf("%w: the auth_req_id is unknown or another client's", token.ErrInvalidGrant)
	}
	return r, cmp.Or(err, refused)
}

func (q *Inquiries) pollTx(tx *db.Tx, r row) (refused, err error) {
	now := q.now()
	switch {
	case r.State == approved: // how long that counts is the challenge's to say
		return nil, nil
	case r.State == redeemed:
		return fmt.Errorf("%w: the auth_req_id was redeemed before", token.ErrInvalidGrant), nil
	case r.State == denied:
		return polling.ErrDenied, nil
	case !now.Before(r.ExpiresAt.Time):
		return polling.ErrExpired, nil
	}
	pace, hasty := polling.Pace{Interval: time.Duration(r.Pace) * time.Millisecond, Last: r.PolledAt.Time}.Poll(now)
	if err := q.polledTx(tx, r.ID, pace); err != nil {
		return nil, err
	}
	if hasty {
		return polling.ErrSlowDown, nil
	}
	return polling.ErrPending, nil
}

// verify does what the page of a login does: it verifies the passcode that the device
// sent against the device and this one challenge, uses the approval up, and issues the
// tokens, all in one transaction.
func (q *Inquiries) verify(ctx context.Context, r row, direct *token.Direct) error {
	view, err := q.MFA.View(ctx, r.ID, r.ChallengeID)
	if err != nil {
		return err
	}
	if view.State != mfa.Approved {
		return q.over(ctx, r)
	}
	err = q.MFA.Verify(ctx, r.ID, r.ChallengeID, view.Passcode, func(tx *db.Tx, p mfa.Proof) error {
		proved := evidence.Evidence{FactorAt: p.At, Factor: p.Methods, Device: p.DeviceID, Challenge: p.ChallengeID}
		if p.UserID != r.UserID || !proved.Verified() {
			return polling.ErrDenied
		}
		if err := q.redeemedTx(tx, r.ID); err != nil {
			return err
		}
		return direct.IssueTx(tx, token.Given{UserID: r.UserID, Scopes: r.Scopes.V, Evidence: proved, By: "inquiry " + r.ID})
	})
	var wrong *mfa.WrongPasscodeError
	switch {
	case errors.Is(err, mfa.ErrOver):
		return q.over(ctx, r)
	case errors.Is(err, mfa.ErrInactive), errors.As(err, &wrong):
		return fmt.Errorf("%w: %w", polling.ErrDenied, err)
	}
	return err
}

// over says why an approval counts no more: another poll was quicker, or none came in
// time.
func (q *Inquiries) over(ctx context.Context, r row) error {
	now, err := q.stateOf(ctx, r.ID)
	switch {
	case err != nil:
		return err
	case now == redeemed:
		return fmt.Errorf("%w: the auth_req_id was redeemed before", token.ErrInvalidGrant)
	case now == denied:
		return polling.ErrDenied
	}
	return polling.ErrExpired
}
