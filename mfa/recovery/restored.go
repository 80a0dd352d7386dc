package recovery

import (
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// RestoredTx voids every set, since the restored rows do not know which codes were used
// after the backup was made, and a code works once. It returns whose sets had codes left.
func (c *Codes) RestoredTx(tx *db.Tx) (users []string, err error) {
	if users, err = voidTx(tx); err != nil {
		return nil, fmt.Errorf("void recovery codes: %w", err)
	}
	for _, userID := range users {
		if err := audit.Record(tx, audit.Entry{At: c.now(), Action: "recovery.voided", Subject: userID, User: userID}); err != nil {
			return nil, err
		}
	}
	return users, nil
}
