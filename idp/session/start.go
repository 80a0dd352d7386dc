package session

import (
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// New is what a session begins with.
type New struct {
	UserID    string
	Evidence  evidence.Evidence
	Challenge string // "" when none was needed; the same one makes a second session impossible
	IP        string
	UserAgent string
	Replaces  string        // the id of the session this browser had, or ""
	Life      time.Duration // the longest it may last, if that is shorter than for all; 0 for as long as all
}

// StartTx begins a session and returns it with the token for the browser's cookie.
// The session that it replaces ends in the same transaction, whoever it belonged to;
// its sid passes on only to the same person, so that a person who signs in on
// somebody else's browser inherits nothing (CVE-2025-12390 was such a case).
func (s *Sessions) StartTx(tx *db.Tx, n New) (Session, string, error) {
	now := s.now()
	id := random.ID("ses")
	began := Session{
		ID: id, SID: id, UserID: n.UserID, Evidence: n.Evidence, Challenge: n.Challenge, IP: n.IP, UserAgent: n.UserAgent,
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(s.life(n)),
	}
	if n.Replaces != "" {
		old, err := s.replaceTx(tx, n)
		switch {
		case errors.Is(err, ErrNone): // it ended by itself meanwhile
		case err != nil:
			return Session{}, "", fmt.Errorf("start session: %w", err)
		case old.UserID == n.UserID && s.alive(old, now):
			began.SID = old.SID
		default:
			if err := s.partTx(tx, old); err != nil {
				return Session{}, "", fmt.Errorf("start session: %w", err)
			}
		}
	}
	token := random.Token(tokenPrefix)
	if err := s.insert(tx, began, token); err != nil {
		return Session{}, "", fmt.Errorf("start session: %w", err)
	}
	err := audit.Record(tx, audit.Entry{
		At: now, Action: "session.started", Subject: began.ID, User: n.UserID,
		Detail: map[string]any{"sid": began.SID, "amr": n.Evidence.AMR(), "challenge": n.Challenge, "replaces": n.Replaces},
	})
	return began, token, err
}

func (s *Sessions) replaceTx(tx *db.Tx, n New) (Session, error) {
	owner, err := s.owner(tx, n.Replaces)
	if err != nil {
		return Session{}, err
	}
	reason := Switched
	if owner == n.UserID {
		reason = Replaced
	}
	ended, err := s.setEnded(tx, n.Replaces, reason, s.now())
	if err != nil {
		return Session{}, err
	}
	return ended, s.recordEnd(tx, ended, reason)
}

func (s *Sessions) life(n New) time.Duration {
	if n.Life > 0 {
		return min(n.Life, s.absolute())
	}
	return s.absolute()
}

// RotateTokenTx gives a session a new token and makes the old one worthless. It is
// for a browser that proved its login again because the answer with the first token
// was lost.
func (s *Sessions) RotateTokenTx(tx *db.Tx, id string) (token string, err error) {
	token = random.Token(tokenPrefix)
	owner, err := s.setToken(tx, id, token)
	if err != nil {
		return "", fmt.Errorf("rotate session token: %w", err)
	}
	return token, audit.Record(tx, audit.Entry{At: s.now(), Action: "session.token.rotated", Subject: id, User: owner})
}
