package mfa

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/passkey"
	"github.com/nod-idp/nod/mfa/throttle"
)

// PasskeyAuthenticator names passkeys in the counts of wrong guesses.
const PasskeyAuthenticator = "passkey"

// Signed is an assertion by a passkey that a login's page sent.
type Signed struct {
	Claim passkey.Claim
	// UserID is whose passkey it has to be, "" while nobody knows who it is.
	UserID       string
	For          string // what its challenge was made for
	LoginID      string
	ClientID     string
	IP           string
	KnownBrowser string // of the person who is claimed
	// ChallengeID is the login's own request, withdrawn when the passkey is right.
	ChallengeID string
}

// HasPasskey reports whether a person has a passkey that works here.
func (s *Service) HasPasskey(ctx context.Context, userID string) (bool, error) {
	if s.Passkeys == nil || userID == "" {
		return false, nil
	}
	return s.Passkeys.Usable(ctx, userID)
}

// VerifyPasskey checks an assertion and runs then in the transaction that honours it.
// It ends a pause of push for this kind of browser. That it counts once is seen to by
// then: the login moves on, and the challenge was made for where it stood.
//
// It returns passkey.ErrWrong for whatever does not hold, and for a person who may not
// sign in, or *throttle.WaitError and *throttle.ClosedError when it was not even looked
// at.
func (s *Service) VerifyPasskey(ctx context.Context, p Signed, then func(tx *db.Tx, proof Proof) error) error {
	attempt, err := s.Guesses.Reserve(ctx, throttle.Target{
		Account: p.Claim.Account, Authenticator: PasskeyAuthenticator, IP: p.IP, KnownBrowser: p.KnownBrowser,
	})
	if err != nil {
		return err
	}
	use, err := s.Passkeys.Verify(p.Claim, p.UserID, p.For)
	if err == nil {
		err = s.DB.Write(ctx, func(tx *db.Tx) error { return s.signedTx(tx, p, use, attempt, then) })
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, passkey.ErrWrong), errors.Is(err, ErrInactive):
		return s.missPasskey(ctx, p, attempt, err)
	}
	// Nothing was learned from it, whatever became of the request.
	return errors.Join(fmt.Errorf("verify a passkey: %w", err), s.Guesses.Drop(context.WithoutCancel(ctx), attempt))
}

func (s *Service) signedTx(tx *db.Tx, p Signed, use passkey.Use, attempt throttle.Attempt, then func(tx *db.Tx, proof Proof) error) error {
	now, k := s.now(), use.Passkey
	active, err := s.People.ActiveTx(tx, k.UserID)
	if err != nil {
		return err
	}
	if !active {
		return ErrInactive
	}
	if err := s.Passkeys.UsedTx(tx, use); err != nil {
		return err
	}
	if err := throttle.RightTx(tx, attempt); err != nil {
		return err
	}
	if err := forgetBudgetTx(tx, k.UserID, budgetScope(p.KnownBrowser)); err != nil {
		return err
	}
	if err := forgetInquirersTx(tx, k.UserID); err != nil {
		return err
	}
	if err := s.WithdrawTx(tx, p.ChallengeID); err != nil {
		return err
	}
	if err := audit.Record(tx, audit.Entry{
		At: now, Action: "passkey.used", Subject: p.LoginID, User: k.UserID, Client: p.ClientID, Detail: map[string]any{"passkey": k.ID, "name": k.Name},
	}); err != nil {
		return err
	}
	return then(tx, Proof{UserID: k.UserID, Passkey: k.ID, Methods: passkey.Methods(), At: now})
}

// missPasskey counts what did not hold, and says the same of all of it.
func (s *Service) missPasskey(ctx context.Context, p Signed, attempt throttle.Attempt, why error) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if _, err := s.Guesses.WrongTx(tx, attempt); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{
			At: s.now(), Action: "passkey.used", Outcome: audit.Refused, Subject: p.LoginID, User: p.Claim.UserID, Client: p.ClientID,
			Detail: map[string]any{"account": p.Claim.Account},
		})
	})
	if err != nil {
		return fmt.Errorf("record a wrong passkey: %w", err)
	}
	if errors.Is(why, ErrInactive) {
		return passkey.ErrWrong
	}
	return why
}
