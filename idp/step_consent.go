package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Allow gives the client what it wants and completes the login. The browser that finished
// the login may repeat it for a minute and gets its cookies again.
func (s *Service) Allow(ctx context.Context, id string, b Browser, formToken string) (*Finished, error) {
	finished, err := s.allow(ctx, id, b, formToken)
	if errors.Is(err, ErrMoved) { // perhaps by the same form, sent before
		if again, err := s.repeat(ctx, id, b, formToken); again != nil || err != nil {
			return again, err
		}
	}
	return finished, err
}

func (s *Service) allow(ctx context.Context, id string, b Browser, formToken string) (finished *Finished, err error) {
	l, demand, err := s.step(ctx, id, b, formToken, StepConsent)
	if err != nil {
		return nil, err
	}
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if there, err := s.stillThereTx(tx, l, held); !there || err != nil {
			return err
		}
		if begun, err := s.beginAgainTx(tx, l); begun || err != nil {
			return err
		}
		if err := s.Consents.AllowTx(tx, l.UserID, l.ClientID, l.Request.Scopes, l.Request.Claims.All()); err != nil {
			return err
		}
		l.Questions.Consent = false
		finished, err = s.finishTx(tx, l, b, demand.Terms, held)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("record a consent: %w", err)
	}
	return finished, nil
}

// GoOn goes on as the person who is signed in.
func (s *Service) GoOn(ctx context.Context, id string, b Browser, formToken string) (finished *Finished, err error) {
	l, demand, err := s.step(ctx, id, b, formToken, StepAccount)
	if err != nil {
		return nil, err
	}
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if there, err := s.stillThereTx(tx, l, held); !there || err != nil {
			return err
		}
		l.Questions.Account = false
		if err := audit.Record(tx, audit.Entry{At: s.now(), Action: "login.account", Subject: l.ID, User: l.UserID, Client: l.ClientID,
			Detail: map[string]any{"other": false}}); err != nil {
			return err
		}
		finished, err = s.proceedTx(tx, l, b, demand, held)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("go on with an account: %w", err)
	}
	return finished, nil
}

// SwitchAccount lets somebody else sign in. The session stays until they have.
func (s *Service) SwitchAccount(ctx context.Context, id string, b Browser, formToken string) error {
	l, _, err := s.step(ctx, id, b, formToken, StepAccount)
	if err != nil {
		return err
	}
	entry := audit.Entry{At: s.now(), Action: "login.account", Subject: l.ID, User: l.UserID, Client: l.ClientID, Detail: map[string]any{"other": true}}
	l.forget()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.saveTx(tx, l); err != nil {
			return err
		}
		return audit.Record(tx, entry)
	})
	if err != nil {
		return fmt.Errorf("switch the account: %w", err)
	}
	return nil
}

// stillThereTx ends a login whose person was disabled since they proved who they are. It
// returns ErrMoved when the session that the login took it from has ended.
func (s *Service) stillThereTx(tx *db.Tx, l Login, held session.Session) (bool, error) {
	active, err := user.ActiveTx(tx, l.UserID)
	if err != nil {
		return false, err
	}
	if !active {
		return false, s.failTx(tx, l, AccessDenied)
	}
	if !l.borrows() {
		return true, nil
	}
	err = s.Sessions.HoldTx(tx, held.SID)
	if errors.Is(err, session.ErrNone) {
		return false, ErrMoved
	}
	return err == nil, err
}
