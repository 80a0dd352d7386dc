package idp

import (
	"context"
	"errors"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// ChooseRecovery turns to the page that takes a recovery code.
func (s *Service) ChooseRecovery(ctx context.Context, id string, b Browser, formToken string) error {
	return s.choose(ctx, id, b, formToken, ByRecovery)
}

// SubmitRecovery takes a recovery code in the place of the second factor. Whoever uses one
// has lost something, perhaps to somebody: every other session ends, no other browser is
// known any more, and the person is told wherever they can be reached. The browser that
// finished the login may repeat it for a minute.
func (s *Service) SubmitRecovery(ctx context.Context, id string, b Browser, formToken, code string) (*Finished, error) {
	finished, l, err := s.submitRecovery(ctx, id, b, formToken, code)
	if errors.Is(err, ErrMoved) { // perhaps by the same form, sent before
		if again, err := s.repeat(ctx, id, b, formToken); again != nil || err != nil {
			return again, err
		}
	}
	if err != nil {
		return nil, s.notePasscode(ctx, l, err)
	}
	return finished, nil
}

func (s *Service) submitRecovery(ctx context.Context, id string, b Browser, formToken, code string) (finished *Finished, l Login, err error) {
	l, demand, err := s.step(ctx, id, b, formToken, StepFactor)
	if err != nil {
		return nil, l, err
	}
	if l.Method != ByRecovery {
		return nil, l, ErrMoved
	}
	if stopped, err := s.stopped(ctx, l); err != nil || stopped {
		return nil, l, err
	}
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, l, err
	}
	err = s.MFA.VerifyRecovery(ctx, mfa.Typed{
		UserID: l.UserID, LoginID: l.ID, ClientID: l.ClientID, Code: code, IP: b.IP,
		KnownBrowser: l.KnownBrowser, ChallengeID: l.ChallengeID, Demand: demand,
	}, func(tx *db.Tx, p mfa.Proof) (err error) {
		if err := s.recoveredTx(tx, l, held); err != nil {
			return err
		}
		finished, err = s.factorProvedTx(tx, l, b, demand, held, p)
		return err
	})
	return finished, l, err
}

// recoveredTx ends whatever else is open in the name of somebody who used a recovery
// code. The session of this very browser goes on: the login that finishes replaces it.
func (s *Service) recoveredTx(tx *db.Tx, l Login, held session.Session) error {
	const reason = "recovery code"
	except := ""
	if held.UserID == l.UserID {
		except = held.ID
	}
	if err := s.endSessionsTx(tx, l.UserID, except, reason); err != nil {
		return err
	}
	if err := s.Sessions.ForgetBrowsersTx(tx, l.UserID, reason); err != nil {
		return err
	}
	if err := s.TellTx(tx, l.UserID, devices.RecoveryCodeUsed, ""); err != nil {
		return err
	}
	return s.Signals.RecordTx(tx, signals.Event{Type: signals.RecoveryUsed, User: l.UserID, Client: l.ClientID, IP: l.IP, At: s.now()})
}
