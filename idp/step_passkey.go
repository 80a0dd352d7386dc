package idp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/throttle"
)

// PasskeyOptions are what a login's page asks the browser for a passkey with: one of the
// person's own after the password, whichever there is before. Asking changes nothing. It
// returns ErrMoved where the login takes no passkey.
func (s *Service) PasskeyOptions(ctx context.Context, id string, b Browser) (json.RawMessage, error) {
	at, err := s.passkeyStep(ctx, id, b)
	if err != nil {
		return nil, err
	}
	options, err := s.MFA.Passkeys.RequestOptions(ctx, at.userID, at.name())
	if errors.Is(err, passkey.ErrNotFound) {
		return nil, ErrMoved
	}
	return options, err
}

// SubmitPasskey takes an assertion by a passkey: as second factor, or in place of
// everything. Whatever was wrong with it is told by the page that follows, in the same
// words for one that nobody has and for a person who is disabled. The browser that
// finished the login may repeat it for a minute and gets its cookies again.
func (s *Service) SubmitPasskey(ctx context.Context, id string, b Browser, formToken string, response []byte) (*Finished, error) {
	finished, l, err := s.submitPasskey(ctx, id, b, formToken, response)
	if errors.Is(err, ErrMoved) { // perhaps by the same form, sent before
		if again, err := s.repeat(ctx, id, b, formToken); again != nil || err != nil {
			return again, err
		}
	}
	if err != nil {
		return nil, s.notePasskey(ctx, l, err)
	}
	return finished, nil
}

func (s *Service) submitPasskey(ctx context.Context, id string, b Browser, formToken string, response []byte) (finished *Finished, l Login, err error) {
	at, err := s.passkeyStep(ctx, id, b)
	if err != nil {
		return nil, l, err
	}
	l = at.login
	if !s.drawnFor(l, formToken) {
		return nil, l, ErrMoved
	}
	if stopped, err := s.stopped(ctx, l); err != nil || stopped {
		return nil, l, err // the page says so; what was reported goes on no more
	}
	claim, err := s.MFA.Passkeys.Claim(ctx, response)
	if err != nil {
		return nil, l, err
	}
	next, demand, err := s.signedBy(ctx, at, b, &claim)
	if err != nil {
		return nil, l, err
	}
	held, err := s.heldSession(ctx, b)
	if err != nil {
		return nil, l, err
	}
	err = s.MFA.VerifyPasskey(ctx, mfa.Signed{
		Claim: claim, UserID: at.userID, For: at.name(), LoginID: l.ID, ClientID: l.ClientID, IP: b.IP,
		KnownBrowser: next.KnownBrowser, ChallengeID: l.ChallengeID,
	}, func(tx *db.Tx, p mfa.Proof) (err error) {
		if l.Request.HintSubject != "" && l.Request.HintSubject != p.UserID {
			return s.failTx(tx, next, LoginRequired)
		}
		finished, err = s.factorProvedTx(tx, next, b, demand, held, p)
		return err
	})
	return finished, l, err
}

// signedBy is the login as it goes on if the claim holds, and what is then demanded of
// it. A person whose policy takes no passkey is told nothing else than that it does not
// hold.
func (s *Service) signedBy(ctx context.Context, at passkeyStep, b Browser, claim *passkey.Claim) (Login, mfa.Demand, error) {
	next := at.login
	next.Method, next.ChallengeID = ByPasskey, ""
	if at.userID != "" {
		return next, at.demand, nil
	}
	known, _, err := s.Sessions.Known(ctx, claim.Account, b.KnownToken)
	if err != nil {
		return next, at.demand, fmt.Errorf("look for a known browser: %w", err)
	}
	next.forget()
	next.UserID, next.KnownBrowser = claim.UserID, known
	if next.UserID == "" {
		return next, at.demand, nil
	}
	demand, err := s.demand(ctx, next)
	if err == nil && !demand.Allows(mfa.MethodPasskey) {
		*claim = passkey.Claim{UserID: claim.UserID, Account: claim.Account}
	}
	return next, demand, err
}

// passkeyStep is a step that a passkey can take.
type passkeyStep struct {
	login  Login
	demand mfa.Demand
	userID string // whose it has to be, "" before anybody said who they are
}

// name is what the challenge of this very page is made for. It changes with every step.
func (at passkeyStep) name() string {
	return fmt.Sprintf("login %s %s %d", at.login.ID, at.login.browser, at.login.Version)
}

func (s *Service) passkeyStep(ctx context.Context, id string, b Browser) (at passkeyStep, err error) {
	if at.login, err = s.Find(ctx, id, b); err != nil {
		return at, err
	}
	at.demand, err = s.demand(ctx, at.login)
	if errors.Is(err, client.ErrNotFound) {
		return at, ErrMoved // to the page that says it is over
	}
	if err != nil {
		return at, err
	}
	step := at.login.Next(at.demand, s.now())
	if step != StepPassword && step != StepFactor || !s.takesPasskeys(at.demand) {
		return at, ErrMoved
	}
	if step == StepFactor {
		at.userID = at.login.UserID
	}
	return at, nil
}

// takesPasskeys reports whether a passkey would do here.
func (s *Service) takesPasskeys(demand mfa.Demand) bool {
	return s.MFA.Passkeys != nil && s.MFA.Passkeys.Available() == nil && demand.Allows(mfa.MethodPasskey)
}

// notePasskey turns a refusal into what the page tells.
func (s *Service) notePasskey(ctx context.Context, l Login, refusal error) error {
	var wait *throttle.WaitError
	var closed *throttle.ClosedError
	switch {
	case errors.Is(refusal, passkey.ErrWrong):
		return s.note(ctx, l, Notice{Kind: PasskeyRefused})
	case errors.As(refusal, &wait):
		return s.note(ctx, l, Notice{Kind: PasskeyRefused, Until: wait.Until})
	case errors.As(refusal, &closed):
		return s.note(ctx, l, Notice{Kind: PasskeyClosed})
	}
	return refusal
}
