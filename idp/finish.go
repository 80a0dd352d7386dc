package idp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
)

// Finished is what the browser gets when its login is complete.
type Finished struct {
	SessionToken string // the cookie of the new session, "" when the browser has it
	KnownToken   string // the cookie of a known browser, "" to leave it as it is
}

// finishTx completes a login in the transaction of its last step: the session, the
// memory of this browser, the code and the end of the login become true together. A login
// that a session was enough for, once its person had agreed, leaves the session as it is.
func (s *Service) finishTx(tx *db.Tx, l Login, b Browser, terms mfa.Terms, held session.Session) (*Finished, error) {
	if l.borrows() && l.Evidence.Same(held.Evidence) {
		return &Finished{}, s.endTx(tx, l, terms, held)
	}
	began, sessionToken, err := s.Sessions.StartTx(tx, session.New{
		UserID: l.UserID, Evidence: l.Evidence, Challenge: l.Evidence.Challenge,
		IP: l.IP, UserAgent: l.UserAgent, Replaces: held.ID, Life: terms.Session,
	})
	if errors.Is(err, session.ErrChallengeUsed) {
		return nil, ErrMoved // another request finished this login a moment ago
	}
	if err != nil {
		return nil, err
	}
	if held.ID != "" && held.UserID != l.UserID {
		// Somebody else takes over this browser: what clients were given under the
		// session before goes with it.
		if err := s.Tokens.RevokeSessionTx(tx, held.SID, session.Switched); err != nil {
			return nil, err
		}
	}
	f := &Finished{SessionToken: sessionToken}
	if l.Evidence.MFA() { // the password alone does not make a browser known
		if f.KnownToken, err = s.Sessions.RememberTx(tx, l.UserID, b.KnownToken, l.IP, l.UserAgent); err != nil {
			return nil, err
		}
		if l.Waive && terms.Remember > 0 {
			if err := s.Sessions.WaiveTx(tx, l.UserID, f.KnownToken, terms.Remember); err != nil {
				return nil, err
			}
		}
	}
	return f, s.endTx(tx, l, terms, began)
}

// endTx issues what the client gets and marks the login as done.
func (s *Service) endTx(tx *db.Tx, l Login, terms mfa.Terms, began session.Session) error {
	if !l.Request.StaysHere() {
		request, err := s.codeRequestTx(tx, l, began)
		if err != nil {
			return err
		}
		_, err = s.issueTx(tx, l.Request, request)
		if errors.Is(err, token.ErrCodeIssued) {
			return ErrMoved
		}
		if err != nil {
			return err
		}
	}
	l.State, l.SessionID, l.FinishedAt, l.Notice = Done, began.ID, s.now(), Notice{}
	if err := s.saveTx(tx, l); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{
		At: l.FinishedAt, Action: "login.finished", Subject: l.ID, User: l.UserID, Client: l.ClientID,
		Took: l.FinishedAt.Sub(l.CreatedAt),
		Detail: map[string]any{
			"session": began.ID, "amr": l.Evidence.AMR(), "acr": l.Evidence.ACR(),
			"policy": terms.Reasons,
			"device": l.Evidence.Device, "browser": describeBrowser(l.UserAgent),
		},
	})
}

// proceedTx stores a step and, if nothing else is due, completes the login. What is
// due is asked here as well, since the demand may have been raised since the page was
// drawn.
func (s *Service) proceedTx(tx *db.Tx, l Login, b Browser, demand mfa.Demand, held session.Session) (*Finished, error) {
	switch l.Next(demand, s.now()) {
	case StepFinish:
		if begun, err := s.beginAgainTx(tx, l); begun || err != nil {
			return nil, err
		}
		if l.Foreign() {
			return s.finishForeignTx(tx, l, demand.Terms)
		}
		if l.unmet() {
			return nil, s.failTx(tx, l, UnmetAuthentication)
		}
		due, err := s.consentDueTx(tx, l)
		if err != nil {
			return nil, err
		}
		if !due {
			return s.finishTx(tx, l, b, demand.Terms, held)
		}
		l.Questions.Consent = true
	case StepOver:
		return nil, ErrMoved
	}
	l.Method, l.ChallengeID = NoMethod, ""
	return nil, s.saveTx(tx, l)
}

// beginAgainTx takes everything back from a login whose password was replaced since it was
// proved: whoever knew the old one does not get in with it.
func (s *Service) beginAgainTx(tx *db.Tx, l Login) (bool, error) {
	proved := l.Evidence.PasswordAt
	if l.SessionID != "" || proved.IsZero() { // a session ends with its password, if its person wants that
		return false, nil
	}
	changed, err := user.PasswordChangedTx(tx, l.UserID)
	if err != nil || !changed.After(proved) {
		return false, err
	}
	entry := audit.Entry{At: s.now(), Action: "login.password", Outcome: audit.Refused, Subject: l.ID, User: l.UserID, Client: l.ClientID,
		Detail: map[string]any{"reason": "password changed since"}}
	l.forget()
	l.Method, l.ChallengeID, l.Notice = NoMethod, "", Notice{Kind: PasswordReplaced}
	if err := s.saveTx(tx, l); err != nil {
		return false, err
	}
	return true, audit.Record(tx, entry)
}

// failTx ends a login with an error for its client.
func (s *Service) failTx(tx *db.Tx, l Login, code string) error {
	l.State, l.Failure, l.SessionID, l.FinishedAt, l.Notice = Cancelled, code, "", s.now(), Notice{}
	if err := s.saveTx(tx, l); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{
		At: l.FinishedAt, Action: "login.ended", Subject: l.ID, User: l.UserID, Client: l.ClientID, Detail: map[string]any{"error": code},
	})
}

// repeat answers the last form of a login once more, for a browser that never saw
// the answer. It returns nil when there is nothing to repeat.
func (s *Service) repeat(ctx context.Context, id string, b Browser, formToken string) (*Finished, error) {
	l, err := s.Find(ctx, id, b)
	if err != nil {
		return nil, err
	}
	asked := l
	asked.Version--
	if l.State != Done || s.now().Sub(l.FinishedAt) > repeatWindow || !s.drawnFor(asked, formToken) {
		return nil, nil
	}
	if l.Foreign() {
		return &Finished{}, nil
	}
	if held, err := s.heldSession(ctx, b); err != nil || held.ID == l.SessionID {
		return &Finished{}, err
	}
	f := &Finished{}
	err = s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		f.SessionToken, err = s.Sessions.RotateTokenTx(tx, l.SessionID)
		return err
	})
	if errors.Is(err, session.ErrNone) {
		return nil, ErrMoved // signed out meanwhile
	}
	if err != nil {
		return nil, fmt.Errorf("repeat the end of a login: %w", err)
	}
	return f, nil
}

// forwards reports whether the page of a finished login still leads to the client. A
// page that is shown again later would send a code that was used, and with it the
// client would lose what the code gave it (RFC 6749, section 10.5).
func (s *Service) forwards(l Login) bool {
	life := s.Tokens.CodeLife
	if life == 0 {
		life = time.Minute
	}
	return l.State != Done || l.Request.StaysHere() || s.now().Sub(l.FinishedAt) < life
}

var failureText = map[string]string{
	AccessDenied:        "the person cancelled the sign-in",
	LoginRequired:       "another person signed in than the one hinted at",
	UnmetAuthentication: "the person cannot authenticate as the request demands",
}
