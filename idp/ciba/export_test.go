package ciba

import (
	"context"

	"github.com/nod-idp/nod/internal/db"
)

// AskDue is one turn of Run.
func (q *Inquiries) AskDue(ctx context.Context) error {
	due, err := q.readDue(ctx, q.now(), 100)
	if err != nil {
		return err
	}
	for _, r := range due {
		var ours bool
		err := q.DB.Write(ctx, func(tx *db.Tx) (err error) {
			ours, err = q.claimTx(tx, r, q.now().Add(claimLife))
			return err
		})
		if err != nil {
			return err
		}
		if ours {
			q.try(ctx, r)
		}
	}
	return nil
}
