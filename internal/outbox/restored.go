package outbox

import (
	"fmt"

	"github.com/nod-idp/nod/internal/db"
)

// RestoredTx drops every message that waits or is dead: it may have been delivered since
// the backup was made that the rows come from, and what it tells of is over. It returns
// how many it dropped.
func (o *Outbox) RestoredTx(tx *db.Tx) (int64, error) {
	n, err := restoreTx(tx, o.now())
	if err != nil {
		return 0, fmt.Errorf("drop messages: %w", err)
	}
	return n, nil
}
