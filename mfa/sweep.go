package mfa

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// How long rows are kept after they are over.
const (
	challengeKept = 24 * time.Hour
	// A verified challenge is also the memory of where its person signed in before,
	// and a budget of a known browser is of use as long as the browser is known.
	memoryKept = 180 * 24 * time.Hour
)

// Sweep marks challenges that ran out, erasing their passcodes, and forgets
// challenges and budgets that nobody needs any more. It returns how many rows it
// touched, at most limit of each kind.
func (s *Service) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		over, err := overTx(tx, now, limit)
		if err != nil {
			return err
		}
		if err := expiredTx(tx, over, now); err != nil {
			return err
		}
		old, err := forgetChallengesTx(tx, now, limit)
		if err != nil {
			return err
		}
		budgets, err := forgetBudgetsTx(tx, now, limit)
		n = int64(len(over)) + old + budgets
		return err
	})
	return n, wrap("sweep challenges", err)
}

// expirePendingTx marks a pending challenge of the person that ran out, so that it
// is in nobody's way.
func (s *Service) expirePendingTx(tx *db.Tx, userID string, now time.Time) error {
	over, err := overOfTx(tx, userID, now)
	if err != nil {
		return fmt.Errorf("expire a challenge: %w", err)
	}
	return expiredTx(tx, over, now)
}

func expiredTx(tx *db.Tx, over []overRow, now time.Time) error {
	for _, c := range over {
		tx.Announce(challengeTopic(c.ID))
		if err := audit.Record(tx, audit.Entry{
			At: now, Action: "challenge.expired", Subject: c.ID, User: c.UserID, Client: c.ClientID,
		}); err != nil {
			return err
		}
	}
	return nil
}
