package token

import (
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
)

// RestoredTx makes passcodes worthless that may have been used since a backup was made,
// of which the restored rows know nothing. Tokens that go by the clock count from now on.
// Of tokens with a button nobody knows how often it was pressed: they are taken further by
// as many counters as Verify forgives for each day that has begun since, and never by more
// than Resync could make up for. Whoever pressed less often presses on.
func (s *Tokens) RestoredTx(tx *db.Tx, madeAt time.Time) error {
	days := int64(max(0, s.now().Sub(madeAt))/(24*time.Hour)) + 1
	ahead := min(days*otp.LookAhead, otp.ResyncWindow)
	return wrap("void passcodes", restoreTx(tx, s.now(), ahead))
}
