package session

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// JoinTx notes that a client takes part in the session that it knows by sid from now on:
// it is told when the session ends. Whoever calls it holds the session in the same
// transaction, see HoldTx, or has just begun it.
func (s *Sessions) JoinTx(tx *db.Tx, sid, clientID string) error {
	if err := s.insertParticipant(tx, sid, clientID, s.now()); err != nil {
		return fmt.Errorf("note that a client takes part in a session: %w", err)
	}
	return nil
}

// leftFor is how long the clients of a session that ended can be asked for.
const leftFor = 10 * time.Minute

// Left returns the clients that took part in a session until it ended a moment ago, by
// its SID. It returns none for a session that goes on.
func (s *Sessions) Left(ctx context.Context, sid string) ([]string, error) {
	clients, err := s.participantsLeft(ctx, sid, s.now().Add(-leftFor))
	if err != nil {
		return nil, fmt.Errorf("look for the clients of a session: %w", err)
	}
	return clients, nil
}

// partTx ends the part of every client in a session whose SID is not passed on, and has
// them told.
func (s *Sessions) partTx(tx *db.Tx, ended Session) error {
	clients, err := s.setParted(tx, ended.SID, s.now())
	if err != nil {
		return fmt.Errorf("end a session for its clients: %w", err)
	}
	if s.OnEnd == nil || len(clients) == 0 {
		return nil
	}
	return s.OnEnd(tx, ended, clients)
}
