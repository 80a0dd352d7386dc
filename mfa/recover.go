package mfa

import (
	"context"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/throttle"
)

// RecoveryAuthenticator names recovery codes in the counts of wrong guesses. It has a
// count of its own, so that whoever uses up the passcodes' leaves this way open.
const RecoveryAuthenticator = "recovery"

// VerifyRecovery checks a recovery code, uses it up and runs then in the same
// transaction. It ends a pause of push for this kind of browser. RFC 8176 has no value
// for such a code; it is a passcode that works once, so its method is "otp".
//
// It returns what VerifyTyped does.
func (s *Service) VerifyRecovery(ctx context.Context, t Typed, then func(tx *db.Tx, p Proof) error) error {
	return s.guess(ctx, t, guessing{RecoveryAuthenticator, "recovery.used"}, func(tx *db.Tx, attempt throttle.Attempt) error {
		if s.Recovery == nil || !t.Demand.Allows(MethodRecovery) {
			return recovery.ErrWrong
		}
		if _, err := s.Recovery.UseTx(tx, t.UserID, t.Code); err != nil {
			return err
		}
		if err := s.rightTx(tx, t, attempt); err != nil {
			return err
		}
		return then(tx, Proof{UserID: t.UserID, Recovery: true, Methods: []string{"otp"}, At: s.now()})
	})
}
