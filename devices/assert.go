package devices

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/credential"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// ErrWrongAssertion: the assertion is not one by this device's credential over this
// hash, with its person verified.
var ErrWrongAssertion = errors.New("the assertion does not hold")

// Assertion is a verified touch of a device's sensor. It is noted in the transaction
// that honours it.
type Assertion struct{ use credential.Use }

// VerifyAssertion checks a WebAuthn assertion by a device's credential whose challenge
// is hash, or returns ErrWrongAssertion.
func (s *Devices) VerifyAssertion(ctx context.Context, d Device, hash, response []byte) (Assertion, error) {
	if err := s.prepare(); err != nil {
		return Assertion{}, err
	}
	if len(response) == 0 {
		return Assertion{}, ErrWrongAssertion
	}
	held, err := s.credentials().Get(ctx, d.ID)
	switch {
	case errors.Is(err, credential.ErrNone), err == nil && !held.Registered:
		return Assertion{}, ErrWrongAssertion
	case err != nil:
		return Assertion{}, fmt.Errorf("verify assertion: %w", err)
	}
	use, err := s.party.Verify(held, hash, response)
	if errors.Is(err, credential.ErrWrong) {
		return Assertion{}, errors.Join(ErrWrongAssertion, err)
	}
	if err != nil {
		return Assertion{}, fmt.Errorf("verify assertion: %w", err)
	}
	return Assertion{use: use}, nil
}

// AssertedTx notes an assertion that is honoured. A counter that did not go on is told
// in the journal: without attestation it proves nothing, and stops nobody.
func (s *Devices) AssertedTx(tx *db.Tx, d Device, a Assertion) error {
	now := s.now()
	if err := s.credentials().UsedTx(tx, d.ID, a.use, now); err != nil {
		return fmt.Errorf("note assertion: %w", err)
	}
	if !a.use.Regressed {
		return nil
	}
	return audit.Record(tx, audit.Entry{At: now, Action: "device.credential.regressed", Subject: d.ID, User: d.UserID,
		Detail: map[string]any{"sign_count": a.use.SignCount}})
}
