package mfa

import (
	"fmt"

	"github.com/nod-idp/nod/internal/db"
)

// RestoredTx withdraws every challenge that is not over. They are of an older epoch and
// count no more; but a person has one that waits, at most, and is to be asked anew.
func (s *Service) RestoredTx(tx *db.Tx) error {
	if err := restoreTx(tx); err != nil {
		return fmt.Errorf("withdraw challenges: %w", err)
	}
	return nil
}
