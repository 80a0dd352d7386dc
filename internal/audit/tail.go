package audit

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Tail returns when the oldest entry was written that is not in the chain yet, zero if
// there is none.
func (s *Sealer) Tail(ctx context.Context) (time.Time, error) {
	var oldest db.Time
	if err := s.DB.Get(ctx, &oldest, "SELECT MIN(at) FROM audit WHERE seq IS NULL"); err != nil {
		return time.Time{}, fmt.Errorf("read the end of the audit log: %w", err)
	}
	return oldest.Time, nil
}
