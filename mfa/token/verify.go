package token

import (
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
)

// VerifyTx checks a passcode against each active token of a person and uses it up, with
// all before it, on every node. It returns the token that made it, otp.ErrWrong if none
// did, or otp.ErrReplayed if one did but the passcode or a later one was used before.
func (s *Tokens) VerifyTx(tx *db.Tx, userID, passcode string, now time.Time) (Token, error) {
	active, err := readActiveTx(tx, userID)
	if err != nil {
		return Token{}, fmt.Errorf("verify a token's passcode: %w", err)
	}
	verdict := otp.ErrWrong
	for _, t := range active {
		next, err := s.check(t, passcode, now)
		switch {
		case err == nil:
			// The row may have moved on since it was read above.
			return t, takeTx(tx, otp.ErrReplayed, t.ID, next, now)
		case errors.Is(err, otp.ErrReplayed):
			verdict = err
		case !errors.Is(err, otp.ErrWrong):
			return Token{}, fmt.Errorf("verify a token's passcode: %w", err)
		}
	}
	return Token{}, verdict
}

// check computes the counter that a passcode leads to.
func (s *Tokens) check(t Token, passcode string, now time.Time) (counter int64, err error) {
	secret, err := s.open(t)
	if err != nil {
		return 0, err
	}
	if t.Kind == HOTP {
		next, err := t.hotp().Verify(secret, passcode, uint64(t.counter))
		return int64(next), err
	}
	return otp.TOTP{Hash: t.Algorithm, Digits: t.Digits, Period: t.Period}.Verify(secret, passcode, now, t.counter)
}

func (t Token) hotp() otp.HOTP { return otp.HOTP{Hash: t.Algorithm, Digits: t.Digits} }

func (s *Tokens) open(t Token) ([]byte, error) {
	secret, err := s.Box.Open(place(t.ID), t.sealed)
	if err != nil {
		return nil, fmt.Errorf("open a token's secret: %w", err)
	}
	return secret, nil
}

func period(seconds int64) time.Duration { return time.Duration(seconds) * time.Second }
