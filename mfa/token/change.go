package token

import (
	"context"
	"errors"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// ErrNoButton: only tokens with a button can be out of step.
var ErrNoButton = errors.New("the token goes by the clock and cannot be resynchronised")

// Rename changes what the person calls the token.
func (s *Tokens) Rename(ctx context.Context, userID, id, name string) error {
	name, err := cleanName(name)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := renameTx(tx, userID, id, name); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "token.renamed", Subject: id, User: userID, Detail: map[string]any{"name": name},
		})
	})
	return wrap("rename a token", err)
}

// RemoveTx ends a token for good and returns what it was.
func (s *Tokens) RemoveTx(tx *db.Tx, userID, id string) (Token, error) {
	t, err := readTx(tx, userID, id)
	if err == nil {
		err = deleteTx(tx, userID, id)
	}
	if err != nil {
		return Token{}, wrap("remove a token", err)
	}
	return t, s.recordTx(tx, t, "token.removed")
}

// Resync brings a token with a button back into step by two passcodes that it made one
// after the other. It returns otp.ErrWrong if they are not found, and ErrNoButton.
func (s *Tokens) Resync(ctx context.Context, userID, id, first, second string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		t, err := readTx(tx, userID, id)
		switch {
		case err != nil:
			return err
		case t.State != Active:
			return ErrNotFound
		case t.Kind != HOTP:
			return ErrNoButton
		}
		secret, err := s.open(t)
		if err != nil {
			return err
		}
		next, err := t.hotp().Resync(secret, first, second, uint64(t.counter))
		if err != nil {
			return err
		}
		if err := moveTx(tx, otp.ErrReplayed, id, int64(next)); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "token.resynced", Subject: id, User: userID, Detail: map[string]any{"ahead": int64(next) - t.counter},
		})
	})
	return wrap("resynchronise a token", err)
}
