package audit

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// OfUser returns what concerned a person before a moment, the newest first, at most
// limit entries.
func OfUser(ctx context.Context, d *db.DB, userID string, before time.Time, limit int) ([]Row, error) {
	var rows []Row
	err := d.Select(ctx, &rows, "SELECT "+rowColumns+` FROM audit
		WHERE user_id = $1 AND user_id <> '' AND at < $2 ORDER BY at DESC, id DESC LIMIT $3`, userID, db.At(before), limit)
	return rows, err
}
