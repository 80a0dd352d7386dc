package mfa

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Preference is how a person likes to prove the second factor. It decides what stands
// first on a page, and never what counts.
type Preference struct {
	Last   Method // the method that was used last, "" for none
	AtOnce bool   // ask the devices right after the password, without a page in between
}

// Preference returns what is known of a person's liking.
func (s *Service) Preference(ctx context.Context, userID string) (Preference, error) {
	p, err := readPreference(ctx, s.DB, userID)
	if errors.Is(err, db.ErrNotFound) {
		return Preference{}, nil
	}
	return p, wrap("look for a preference", err)
}

// SetAtOnce keeps whether a person wants to be asked right after the password.
func (s *Service) SetAtOnce(ctx context.Context, userID string, on bool) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		now := s.now()
		if err := saveAtOnceTx(tx, userID, on, now); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "preference.set", Subject: userID, User: userID, Detail: map[string]any{"at_once": on}})
	})
	if err != nil {
		return fmt.Errorf("keep a preference: %w", err)
	}
	return nil
}

// UsedTx keeps which method a person has just used.
func (s *Service) UsedTx(tx *db.Tx, userID string, m Method) error {
	return saveLastTx(tx, userID, m, s.now())
}
