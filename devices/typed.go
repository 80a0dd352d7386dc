package devices

import (
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
)

// VerifyTypedTx checks a passcode that a person typed against each active device
// and uses up its time step, on every node. It returns the device that made it,
// otp.ErrWrong if none did, or otp.ErrReplayed if one did but the passcode or a
// later one was used before. Counting wrong guesses is left to the caller.
func (s *Devices) VerifyTypedTx(tx *db.Tx, userID, passcode string, now time.Time) (Device, error) {
	active, err := readActiveTx(tx, userID)
	if err != nil {
		return Device{}, fmt.Errorf("verify typed passcode: %w", err)
	}
	verdict := otp.ErrWrong
	for _, d := range active {
		secret, err := s.typedSecret(d)
		if err != nil {
			return Device{}, fmt.Errorf("verify typed passcode: %w", err)
		}
		step, err := otp.VerifyTOTP(secret, passcode, now, d.typedStep)
		switch {
		case err == nil:
			// The row may have moved on since it was read above.
			return d, takeTypedStep(tx, otp.ErrReplayed, d.ID, step)
		case errors.Is(err, otp.ErrReplayed):
			verdict = err
		case !errors.Is(err, otp.ErrWrong):
			return Device{}, fmt.Errorf("verify typed passcode: %w", err)
		}
	}
	return Device{}, verdict
}
