package ciba

import (
	"context"
	"errors"
	"time"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/queue"
	"github.com/nod-idp/nod/mfa"
)

// Pace of asking.
const (
	atOnce    = 8
	pollEvery = 2 * time.Second  // finds what a lost hint missed, and what is due again
	claimLife = 10 * time.Second // if a node dies, another one asks after this
	// again is when somebody is tried anew who cannot be asked at present.
	again = 5 * time.Second
)

// Run asks people as soon as they can be asked, until ctx ends. It may run on every node.
func (q *Inquiries) Run(ctx context.Context) {
	(&queue.Runner[row]{
		DB: q.DB, Topic: topic, AtOnce: atOnce, Batch: atOnce, Poll: pollEvery,
		Due: func(ctx context.Context, limit int) ([]row, error) { return q.readDue(ctx, q.now(), limit) },
		ClaimTx: func(tx *db.Tx, r row) (row, bool, error) {
			claimed, err := q.claimTx(tx, r, q.now().Add(claimLife))
			return r, claimed, err
		},
		Try: q.try,
		Unread: func(ctx context.Context, err error) {
			if ctx.Err() == nil {
				q.log().Error("inquiries cannot be read; it is tried again", "error", err)
			}
		},
	}).Run(ctx)
}

// try asks the person of one inquiry, or says when to try again.
func (q *Inquiries) try(ctx context.Context, r row) {
	err := q.ask(ctx, r)
	var wait *mfa.WaitError
	switch {
	case err == nil, errors.Is(err, errMoved):
		return
	case errors.As(err, &wait), errors.Is(err, mfa.ErrNoDevice), errors.Is(err, mfa.ErrPaused), errors.Is(err, mfa.ErrInactive):
		// It stays as it is: the client must not learn why nobody answers.
	default:
		q.log().Error("a person could not be asked; it is tried again", "inquiry", r.ID, "error", err)
	}
	next := q.now().Add(again)
	if wait != nil && !wait.Elsewhere && wait.Until.After(next) { // another's request may end sooner
		next = wait.Until
	}
	if err := q.DB.Write(ctx, func(tx *db.Tx) error { return q.postponeTx(tx, r.ID, next) }); err != nil {
		q.log().Error("an inquiry could not be postponed; it is tried again", "inquiry", r.ID, "error", err)
	}
}

// ask sends the question to the person's devices. The inquiry notes the challenge in the
// same transaction, under the condition that it still waits, so two nodes ask once.
func (q *Inquiries) ask(ctx context.Context, r row) error {
	c, err := q.Clients.Get(ctx, r.ClientID)
	if errors.Is(err, client.ErrNotFound) {
		return mfa.ErrInactive
	}
	if err != nil {
		return err
	}
	demand, err := q.Demand(ctx, r.ClientID, r.UserID)
	if err != nil {
		return err
	}
	_, err = q.MFA.Start(audit.As(ctx, "client:"+r.ClientID), mfa.Ask{
		UserID: r.UserID, LoginID: r.ID, ClientID: r.ClientID, Browser: r.ID, Inquiry: true, Until: r.ExpiresAt.Time, Demand: demand,
		Context: protocol.Context{ClientName: c.Name, Message: r.Message},
	}, func(tx *db.Tx, challengeID string) error { return q.askedTx(tx, r.ID, challengeID, q.now()) })
	return err
}
