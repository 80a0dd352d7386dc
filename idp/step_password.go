package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/throttle"
)

// PasswordAuthenticator names passwords in the counts of wrong guesses.
const PasswordAuthenticator = "password"

// SubmitPassword takes user name and password. Whatever was wrong with them is told
// by the page that follows, in the same words for a user who does not exist, has no
// password or is disabled; those paths do the same work as a wrong password.
//
// It returns ErrMoved when the page was stale and *password.BusyError when the
// server has too many hashes to compute. Finished is set when nothing else is due.
func (s *Service) SubmitPassword(ctx context.Context, id string, b Browser, formToken, username, secret string) (*Finished, error) {
	l, err := s.step(ctx, id, b, formToken, StepPassword)
	if err != nil {
		return nil, err
	}
	u, err := s.Users.ByLogin(ctx, username)
	if err != nil && !errors.Is(err, user.ErrNotFound) {
		return nil, fmt.Errorf("look for a user: %w", err)
	}
	exists := err == nil
	account := u.ID
	if !exists {
		account = "name:" + user.Key(username)
	}
	known, _, err := s.Sessions.Known(ctx, account, b.KnownToken)
	if err != nil {
		return nil, fmt.Errorf("look for a known browser: %w", err)
	}
	attempt, err := s.Guesses.Reserve(ctx, throttle.Target{
		Account: account, Authenticator: PasswordAuthenticator, IP: b.IP, KnownBrowser: known,
	})
	if err != nil {
		return nil, s.noteThrottled(ctx, l, username, err)
	}
	right, rehash, err := s.checkPassword(ctx, u, secret)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("check a password: %w", err), s.Guesses.Drop(ctx, attempt))
	}
	if !right {
		return nil, s.passwordWrong(ctx, l, username, account, attempt)
	}
	finished, err := s.passwordRight(ctx, l, b, u, known, attempt)
	if err == nil && rehash {
		s.rehash(ctx, u, secret)
	}
	return finished, err
}

// checkPassword hashes exactly once, whether there is somebody to compare with or
// not, and outside any transaction.
func (s *Service) checkPassword(ctx context.Context, u user.User, secret string) (right, rehash bool, err error) {
	if !u.Active() || !u.HasPassword() {
		return false, false, s.Hasher.VerifyNobody(ctx, secret)
	}
	return s.Hasher.Verify(ctx, u.PasswordHash, secret)
}

// rehash renews a hash whose cost is no longer the setting. If it cannot be done
// now, the next login does it.
func (s *Service) rehash(ctx context.Context, u user.User, secret string) {
	if hash, err := s.Hasher.Hash(ctx, secret); err == nil {
		_ = s.Users.Rehash(ctx, u.ID, u.PasswordHash, hash)
	}
}

func (s *Service) noteThrottled(ctx context.Context, l Login, username string, refusal error) error {
	notice := Notice{Username: username}
	var wait *throttle.WaitError
	var closed *throttle.ClosedError
	switch {
	case errors.As(refusal, &wait):
		notice.Kind, notice.Until = Wait, wait.Until
	case errors.As(refusal, &closed):
		notice.Kind = Closed
	default:
		return refusal
	}
	return s.note(ctx, l, notice)
}

func (s *Service) passwordWrong(ctx context.Context, l Login, username, account string, attempt throttle.Attempt) error {
	until, err := s.Guesses.Wrong(ctx, attempt)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.noticeTx(tx, l.ID, Notice{Kind: Mismatch, Until: until, Username: username}); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "login.password", Outcome: audit.Refused, Subject: l.ID, Client: l.ClientID,
			Detail: map[string]any{"account": account},
		})
	})
	if err != nil {
		return fmt.Errorf("record a wrong password: %w", err)
	}
	return nil
}

func (s *Service) passwordRight(ctx context.Context, l Login, b Browser, u user.User, known string, attempt throttle.Attempt) (*Finished, error) {
	replaced, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, err
	}
	l.UserID, l.KnownBrowser, l.Notice = u.ID, known, Notice{}
	l.Evidence.PasswordAt = s.now()
	demand, err := s.demand(ctx, l)
	if err != nil {
		return nil, err
	}
	var finished *Finished
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		finished = nil
		l := l
		if err := throttle.RightTx(tx, attempt); err != nil {
			return err
		}
		if err := audit.Record(tx, audit.Entry{At: s.now(), Action: "login.password", Subject: l.ID, User: u.ID, Client: l.ClientID}); err != nil {
			return err
		}
		if l.Request.HintSubject != "" && l.Request.HintSubject != u.ID {
			return s.failTx(tx, l, LoginRequired)
		}
		if l.Next(demand, s.now()) != StepFinish {
			return s.saveTx(tx, l)
		}
		finished, err = s.finishTx(tx, l, b, replaced)
		return err
	})
	if err != nil { // the password was right all the same
		return nil, errors.Join(fmt.Errorf("record a password: %w", err), s.Guesses.Drop(ctx, attempt))
	}
	return finished, nil
}

// heldSession returns the id of the session that the browser has now, which a new
// one will replace.
func (s *Service) heldSession(ctx context.Context, b Browser) (string, error) {
	if b.SessionToken == "" {
		return "", nil
	}
	held, err := s.Sessions.Find(ctx, b.SessionToken)
	if errors.Is(err, session.ErrNone) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("look for a session: %w", err)
	}
	return held.ID, nil
}

func (s *Service) note(ctx context.Context, l Login, n Notice) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.noticeTx(tx, l.ID, n) })
	if err != nil {
		return fmt.Errorf("note what the page has to tell: %w", err)
	}
	return nil
}
