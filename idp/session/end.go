package session

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// EndTx ends one session and returns it. It returns ErrNone when there was nothing
// to end. The clients that took part in it are told. What clients were given is untouched: token.Tokens takes that back by the
// session's SID.
func (s *Sessions) EndTx(tx *db.Tx, id, reason string) (Session, error) {
	ended, err := s.setEnded(tx, id, reason, s.now())
	if err != nil {
		return Session{}, fmt.Errorf("end session: %w", err)
	}
	return ended, s.overTx(tx, ended, reason)
}

// EndAllTx ends every session of a person but the one whose id is except, "" for
// all, and returns those it ended.
func (s *Sessions) EndAllTx(tx *db.Tx, userID, except, reason string) ([]Session, error) {
	all, err := s.setAllEnded(tx, userID, except, reason, s.now())
	if err != nil {
		return nil, fmt.Errorf("end sessions: %w", err)
	}
	for _, ended := range all {
		if err := s.overTx(tx, ended, reason); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// End is EndTx in a transaction of its own.
func (s *Sessions) End(ctx context.Context, id, reason string) (ended Session, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		ended, err = s.EndTx(tx, id, reason)
		return err
	})
	return ended, err
}

// EndAll is EndAllTx in a transaction of its own.
func (s *Sessions) EndAll(ctx context.Context, userID, except, reason string) (ended []Session, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		ended, err = s.EndAllTx(tx, userID, except, reason)
		return err
	})
	return ended, err
}

// HoldTx makes sure that the session clients know by sid goes on until the
// transaction has been committed: whoever ends it meanwhile waits. It returns
// ErrNone when the session is over. What is given out under a session is given out
// in such a transaction, so that nothing escapes whoever ends the session and then
// takes back what was given out.
func (s *Sessions) HoldTx(tx *db.Tx, sid string) error {
	return s.hold(tx, sid, s.now())
}

// Sweep deletes at most limit sessions and at most limit known browsers that are
// over, and returns how many rows that were.
func (s *Sessions) Sweep(ctx context.Context, limit int) (swept int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.deleteParticipants(tx, s.now(), limit); err != nil {
			return fmt.Errorf("sweep the clients of sessions: %w", err)
		}
		n, err := s.deleteExpired(tx, s.now(), limit)
		if err != nil {
			return fmt.Errorf("sweep sessions: %w", err)
		}
		m, err := s.deleteExpiredBrowsers(tx, s.now(), limit)
		if err != nil {
			return fmt.Errorf("sweep known browsers: %w", err)
		}
		swept = n + m
		return nil
	})
	return swept, err
}

// overTx has the clients told that a session is over, and the journal.
func (s *Sessions) overTx(tx *db.Tx, ended Session, reason string) error {
	if err := s.partTx(tx, ended); err != nil {
		return err
	}
	return s.recordEnd(tx, ended, reason)
}

func (s *Sessions) recordEnd(tx *db.Tx, ended Session, reason string) error {
	return audit.Record(tx, audit.Entry{
		At: s.now(), Action: "session.ended", Subject: ended.ID, User: ended.UserID,
		Detail: map[string]any{"sid": ended.SID, "reason": reason, "age_s": int64(s.now().Sub(ended.CreatedAt) / time.Second)},
	})
}
