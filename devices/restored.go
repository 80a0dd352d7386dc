package devices

import (
	"fmt"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
)

// RestoredTx makes the passcodes worthless that devices have made so far: any of them may
// have been typed since the backup was made that the rows come from. Devices are not woken
// for what they were to tell then.
func (s *Devices) RestoredTx(tx *db.Tx) error {
	step, err := otp.Step(s.now())
	if err == nil {
		err = restoreTx(tx, step)
	}
	if err != nil {
		return fmt.Errorf("void passcodes of devices: %w", err)
	}
	return nil
}
