package idp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
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
	l, _, err := s.step(ctx, id, b, formToken, StepPassword)
	if err != nil {
		return nil, err
	}
	asked := s.now()
	u, err := s.Users.ByLogin(ctx, username)
	if err != nil && !errors.Is(err, user.ErrNotFound) {
		return nil, fmt.Errorf("look for a user: %w", err)
	}
	account := s.account(u, username)
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
	stranger, err := s.keptOut(ctx, l, b, account, known)
	if err != nil {
		return nil, errors.Join(err, s.drop(ctx, attempt))
	}
	right, rehash, err := s.checkPassword(ctx, u, secret)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("check a password: %w", err), s.drop(ctx, attempt))
	}
	if !right || stranger {
		return nil, s.passwordWrong(ctx, l, username, u.ID, account, attempt, stranger)
	}
	finished, err := s.passwordRight(ctx, l, b, u, known, attempt, asked)
	if errors.Is(err, errDisabled) {
		return nil, s.passwordWrong(ctx, l, username, u.ID, account, attempt, false)
	}
	if err != nil {
		return nil, err
	}
	if rehash {
		s.rehash(ctx, u, secret)
	}
	if finished == nil {
		return nil, s.askAtOnce(ctx, l.ID, u.ID)
	}
	return finished, nil
}

// account is what guesses are counted under: the person's id, or something made of the
// name where there is nobody. People type passwords into the wrong field, so what was
// typed is neither counted nor recorded as it is.
func (s *Service) account(u user.User, username string) string {
	nobody := hex.EncodeToString(s.Box.MAC("unknown-name", user.Key(username)))
	if u.ID != "" {
		return u.ID
	}
	return "name:" + nobody
}

// drop takes back an attempt that was not judged, also for a browser that has gone.
func (s *Service) drop(ctx context.Context, attempt throttle.Attempt) error {
	return s.Guesses.Drop(context.WithoutCancel(ctx), attempt)
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

// passwordWrong records a password that did not match, or one that was not asked about
// since its network was reported: from outside they are the same.
func (s *Service) passwordWrong(ctx context.Context, l Login, username, userID, account string, attempt throttle.Attempt, keptOut bool) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		until, err := s.Guesses.WrongTx(tx, attempt)
		if err != nil {
			return err
		}
		if err := s.noticeTx(tx, l, Notice{Kind: Mismatch, Until: until, Username: username}); err != nil {
			return err
		}
		detail := map[string]any{"account": account, "browser": describeBrowser(l.UserAgent)}
		if keptOut {
			detail["reason"] = byReport
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "login.password", Outcome: audit.Refused, Subject: l.ID, User: userID, Client: l.ClientID, Detail: detail,
		})
	})
	if err != nil {
		return fmt.Errorf("record a wrong password: %w", err)
	}
	return nil
}

// errDisabled tells that the person was disabled while the password was hashed.
var errDisabled = errors.New("the person was disabled meanwhile")

// passwordRight counts the password as proved when it was looked up, so that one that was
// replaced while it was hashed is the old one.
func (s *Service) passwordRight(ctx context.Context, l Login, b Browser, u user.User, known string, attempt throttle.Attempt, proved time.Time) (*Finished, error) {
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, errors.Join(err, s.drop(ctx, attempt))
	}
	former := l.ChallengeID // of whoever this login belonged to before its session ended
	l.UserID, l.KnownBrowser, l.SessionID = u.ID, known, ""
	l.Method, l.ChallengeID, l.Notice, l.Questions = NoMethod, "", Notice{}, Questions{}
	l.Evidence = evidence.Evidence{PasswordAt: proved}
	demand, err := s.demand(ctx, l)
	if err != nil {
		return nil, errors.Join(err, s.drop(ctx, attempt))
	}
	var finished *Finished
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := throttle.RightTx(tx, attempt); err != nil {
			return err
		}
		if err := s.MFA.WithdrawTx(tx, former); err != nil {
			return err
		}
		finished, err = s.passwordRightTx(tx, l, b, demand, held)
		return err
	})
	switch {
	case errors.Is(err, errDisabled):
		return nil, err
	case err != nil: // the password was right all the same
		return nil, errors.Join(fmt.Errorf("record a password: %w", err), s.drop(ctx, attempt))
	}
	return finished, nil
}

func (s *Service) passwordRightTx(tx *db.Tx, l Login, b Browser, demand mfa.Demand, held session.Session) (*Finished, error) {
	active, err := user.ActiveTx(tx, l.UserID)
	if err != nil {
		return nil, err
	}
	if !active {
		return nil, errDisabled
	}
	if err := audit.Record(tx, audit.Entry{At: s.now(), Action: "login.password", Subject: l.ID, User: l.UserID, Client: l.ClientID}); err != nil {
		return nil, err
	}
	if l.Request.HintSubject != "" && l.Request.HintSubject != l.UserID {
		return nil, s.failTx(tx, l, LoginRequired)
	}
	return s.proceedTx(tx, l, b, demand, held)
}

func (s *Service) note(ctx context.Context, l Login, n Notice) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error { return s.noticeTx(tx, l, n) })
	if err != nil {
		return fmt.Errorf("note what the page has to tell: %w", err)
	}
	return nil
}
