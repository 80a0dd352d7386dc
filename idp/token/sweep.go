package token

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Sweep deletes what is over, at most limit rows of each table, and returns how many
// rows that were. A refresh token that was rotated stays until it would have been
// idle for too long, since only its row tells that it is used a second time.
func (t *Tokens) Sweep(ctx context.Context, limit int) (swept int64, err error) {
	for _, table := range []func(tx *db.Tx, now time.Time, limit int) (int64, error){
		t.deleteAccess, t.deleteRefresh, t.deleteCodes, t.deleteGrants,
	} {
		// One small transaction for each, so that nobody waits for all of them.
		var n int64
		err := t.DB.Write(ctx, func(tx *db.Tx) (err error) {
			n, err = table(tx, t.now(), limit)
			return err
		})
		if err != nil {
			return swept, fmt.Errorf("sweep tokens: %w", err)
		}
		swept += n
	}
	return swept, nil
}
