package session

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// touchEvery is how exact SeenAt is. It is much shorter than any idle time.
const touchEvery = time.Minute

// Find returns the session that a cookie's token stands for, or ErrNone. That the
// session was seen is noted at most once a minute, and the caller does not wait for it.
func (s *Sessions) Find(ctx context.Context, token string) (Session, error) {
	if !random.WellFormed(tokenPrefix, token) {
		return Session{}, ErrNone
	}
	now := s.now()
	found, err := s.byToken(ctx, token, now)
	if err != nil {
		return Session{}, fmt.Errorf("find session: %w", err)
	}
	if now.Sub(found.SeenAt) >= touchEvery {
		s.touches.Go(func() { s.touch(context.WithoutCancel(ctx), found.ID, now) })
	}
	return found, nil
}

// touch notes a sign of life. It cannot bring a session back: that it has not ended
// and not been idle for too long are conditions of the UPDATE.
func (s *Sessions) touch(ctx context.Context, id string, now time.Time) {
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.setSeen(tx, id, now) })
	if err != nil {
		slog.WarnContext(ctx, "a session's sign of life could not be noted", "session", id, "error", err)
	}
}

// List returns the live sessions of a person, the newest first.
func (s *Sessions) List(ctx context.Context, userID string) ([]Session, error) {
	all, err := s.ofUser(ctx, userID, s.now())
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return all, nil
}

func (s *Sessions) alive(found Session, now time.Time) bool {
	return now.Before(found.ExpiresAt) && now.Before(found.SeenAt.Add(s.idle()))
}
