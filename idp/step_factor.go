package idp

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

// UseMobile asks the person's devices, for the first time or again. What keeps it
// from being sent is told by the page that follows.
//
// device is the one that the person wants to be asked, "" for all.
func (s *Service) UseMobile(ctx context.Context, id string, b Browser, formToken, device string) error {
	l, demand, err := s.step(ctx, id, b, formToken, StepFactor)
	if err != nil {
		return err
	}
	return s.askDevices(ctx, l, demand, device)
}

func (s *Service) askDevices(ctx context.Context, l Login, demand mfa.Demand, device string) error {
	if stopped, err := s.stopped(ctx, l); err != nil || stopped {
		return err // the page says so; a password alone does not end a report
	}
	ask := s.ask(ctx, l, demand)
	ask.Device = device
	_, err := s.MFA.Start(ctx, ask, func(tx *db.Tx, challengeID string) error {
		if err := s.MFA.WithdrawTx(tx, l.ChallengeID); err != nil {
			return err
		}
		l := l
		l.Method, l.ChallengeID, l.Notice = ByPush, challengeID, Notice{}
		return s.saveTx(tx, l)
	})
	var wait *mfa.WaitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wait), errors.Is(err, mfa.ErrPaused):
		return s.note(ctx, l, Notice{Kind: PushRefused})
	case errors.Is(err, mfa.ErrNoDevice), errors.Is(err, mfa.ErrInactive):
		return nil // the page finds no device by itself
	}
	return err
}

// ask describes the login to mfa.
func (s *Service) ask(ctx context.Context, l Login, demand mfa.Demand) mfa.Ask {
	browser, os := nameUserAgent(l.UserAgent)
	return mfa.Ask{
		UserID: l.UserID, LoginID: l.ID, ClientID: l.ClientID, Browser: l.browser, KnownBrowser: l.KnownBrowser,
		Context: protocol.Context{ClientName: s.clientName(ctx, l.ClientID), IP: l.IP, Browser: browser, OS: os},
		Demand:  demand,
	}
}

// ChooseTyped turns to the page that takes a typed passcode.
func (s *Service) ChooseTyped(ctx context.Context, id string, b Browser, formToken string) error {
	return s.choose(ctx, id, b, formToken, ByTyped)
}

// ChooseAgain turns back to the choice of methods.
func (s *Service) ChooseAgain(ctx context.Context, id string, b Browser, formToken string) error {
	return s.choose(ctx, id, b, formToken, NoMethod)
}

func (s *Service) choose(ctx context.Context, id string, b Browser, formToken string, m Method) error {
	l, _, err := s.step(ctx, id, b, formToken, StepFactor)
	if err != nil {
		return err
	}
	if stopped, err := s.stopped(ctx, l); err != nil || stopped {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		l := l
		if err := s.MFA.WithdrawTx(tx, l.ChallengeID); err != nil {
			return err
		}
		l.Method, l.ChallengeID, l.Notice = m, "", Notice{}
		if err := s.saveTx(tx, l); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "login.method", Subject: l.ID, User: l.UserID, Client: l.ClientID, Detail: map[string]any{"method": m},
		})
	})
	if err != nil {
		return fmt.Errorf("choose a method: %w", err)
	}
	return nil
}

// SubmitPasscode takes the digits that prove the second factor: those a device made
// for this login's approved request, or, where the person chose so, a typed
// passcode. The browser that finished the login may repeat it for a minute and gets
// its cookies again.
func (s *Service) SubmitPasscode(ctx context.Context, id string, b Browser, formToken, digits string) (*Finished, error) {
	finished, l, err := s.submitPasscode(ctx, id, b, formToken, digits)
	if errors.Is(err, mfa.ErrOver) || errors.Is(err, ErrMoved) { // perhaps by the same form, sent before
		if again, err := s.repeat(ctx, id, b, formToken); again != nil || err != nil {
			return again, err
		}
	}
	if err != nil {
		return nil, s.notePasscode(ctx, l, err)
	}
	failpoint.Hit(failpoint.SessionStored)
	return finished, nil
}

func (s *Service) submitPasscode(ctx context.Context, id string, b Browser, formToken, digits string) (finished *Finished, l Login, err error) {
	l, demand, err := s.step(ctx, id, b, formToken, StepFactor)
	if err != nil {
		return nil, l, err
	}
	if stopped, err := s.stopped(ctx, l); err != nil || stopped {
		return nil, l, err
	}
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, l, err
	}
	then := func(tx *db.Tx, p mfa.Proof) (err error) {
		finished, err = s.factorProvedTx(tx, l, b, demand, held, p)
		failpoint.Hit(failpoint.SessionUnstored)
		return err
	}
	if l.Method == ByTyped {
		err = s.MFA.VerifyTyped(ctx, mfa.Typed{
			UserID: l.UserID, LoginID: l.ID, ClientID: l.ClientID, Code: digits, IP: b.IP,
			KnownBrowser: l.KnownBrowser, ChallengeID: l.ChallengeID, Demand: demand,
		}, then)
	} else {
		err = s.MFA.Verify(ctx, l.ID, l.ChallengeID, digits, then)
	}
	return finished, l, err
}

func (s *Service) factorProvedTx(tx *db.Tx, l Login, b Browser, demand mfa.Demand, held session.Session, p mfa.Proof) (*Finished, error) {
	if p.UserID != l.UserID {
		return nil, ErrMoved
	}
	if l.borrows() { // the session it took the password from is not over yet
		switch err := s.Sessions.HoldTx(tx, held.SID); {
		case errors.Is(err, session.ErrNone):
			return nil, ErrMoved
		case err != nil:
			return nil, err
		}
	}
	l.Evidence.FactorAt, l.Evidence.Factor = p.At, p.Methods
	l.Evidence.Device, l.Evidence.Challenge, l.Evidence.Numbered = p.DeviceID, p.ChallengeID, p.Numbered
	// What a passkey began without a password stays begun, whatever is proved besides.
	if p.Passkey != "" || !l.Evidence.PasswordAt.IsZero() {
		l.Evidence.Passkey = p.Passkey
	}
	l.Evidence.Token, l.Evidence.Recovery = p.Token, p.Recovery
	l.Notice = Notice{}
	if err := s.MFA.UsedTx(tx, l.UserID, methodOf(l.Evidence)); err != nil {
		return nil, err
	}
	return s.proceedTx(tx, l, b, demand, held)
}

// notePasscode turns a refusal into what the page tells.
func (s *Service) notePasscode(ctx context.Context, l Login, refusal error) error {
	var wrong *mfa.WrongPasscodeError
	var wait *throttle.WaitError
	var closed *throttle.ClosedError
	switch {
	case errors.As(refusal, &wrong):
		return s.note(ctx, l, Notice{Kind: WrongPasscode, TriesLeft: wrong.TriesLeft})
	case errors.As(refusal, &wait):
		return s.note(ctx, l, Notice{Kind: Wait, Until: wait.Until})
	case errors.As(refusal, &closed):
		return s.note(ctx, l, Notice{Kind: Closed})
	case errors.Is(refusal, mfa.ErrPending):
		return s.note(ctx, l, Notice{Kind: TooEarly})
	case errors.Is(refusal, mfa.ErrOver), errors.Is(refusal, mfa.ErrInactive):
		return nil // the page shows how it ended
	}
	return refusal
}

// Cancel ends a login because its person does not want it. The client is told.
func (s *Service) Cancel(ctx context.Context, id string, b Browser, formToken string) error {
	l, err := s.Find(ctx, id, b)
	if err != nil {
		return err
	}
	if l.State != Open || !s.drawnFor(l, formToken) {
		return ErrMoved
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.MFA.WithdrawTx(tx, l.ChallengeID); err != nil {
			return err
		}
		return s.failTx(tx, l, AccessDenied)
	})
	if err != nil {
		return fmt.Errorf("cancel a login: %w", err)
	}
	return nil
}
