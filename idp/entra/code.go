package entra

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
	"github.com/nod-idp/nod/mfa/throttle"
)

// CodeLife is how long an enrolment code may lie about unless something else is asked.
const CodeLife = 7 * 24 * time.Hour

// What can be wrong with an enrolment code.
var (
	ErrWrongCode = errors.New("no such enrolment code")
	ErrNoCodes   = errors.New("people may not link their accounts of this tenant themselves")
)

// codeAuthenticator names enrolment codes in the counts of wrong guesses.
const codeAuthenticator = "entra-code"

// Code makes a code by which a person links their account at their first sign-in. It
// replaces the one they had. Only an HMAC of it is kept, since it has 50 bits.
func (s *Tenants) Code(ctx context.Context, t Tenant, userID string, life time.Duration) (code string, until time.Time, err error) {
	if !t.Enrol {
		return "", until, ErrNoCodes
	}
	now := s.now()
	until = now.Add(life)
	code = recovery.Draw()
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := dropCodesTx(tx, t.ID, userID); err != nil {
			return err
		}
		if err := s.insertCodeTx(tx, s.macOf(t, code), t.ID, userID, now, until); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "entra.code.made", Subject: t.ID, User: userID, Client: t.Key(),
			Detail: map[string]any{"expires_at": until.UTC().Format(time.RFC3339)}})
	})
	if err != nil {
		return "", until, fmt.Errorf("make an enrolment code: %w", err)
	}
	return recovery.Group(code), until, nil
}

// macOf is how a code is stored: it means nothing at another tenant.
func (s *Tenants) macOf(t Tenant, code string) []byte { return s.Box.MAC("entra-code", t.ID, code) }

// Identify takes an enrolment code from somebody whose account Entra has just vouched for,
// and links the two. What was wrong is told by the page that follows.
func (s *Tenants) Identify(ctx context.Context, t Tenant, l idp.Login, b idp.Browser, formToken, typed string) error {
	attempt, err := s.Guesses.Reserve(ctx, throttle.Target{Account: t.Key() + ":" + l.Request.Foreign.Object, Authenticator: codeAuthenticator, IP: b.IP})
	if err != nil {
		return s.noteCode(ctx, l, err)
	}
	code, formed := recovery.Normalize(typed)
	err = ErrWrongCode
	if formed {
		err = s.Logins.Identify(ctx, l.ID, b, formToken, func(tx *db.Tx, l idp.Login) (string, error) {
			userID, err := s.useCodeTx(tx, s.macOf(t, code), t.ID, s.now())
			if err != nil {
				return "", err
			}
			if err := throttle.RightTx(tx, attempt); err != nil {
				return "", err
			}
			_, err = s.LinkTx(tx, t, l.Request.Foreign.Object, userID, "code")
			return userID, err
		})
	}
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, ErrWrongCode):
		return errors.Join(err, s.Guesses.Drop(context.WithoutCancel(ctx), attempt))
	}
	return s.wrongCode(ctx, t, l, attempt)
}

func (s *Tenants) wrongCode(ctx context.Context, t Tenant, l idp.Login, attempt throttle.Attempt) error {
	var until time.Time
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if until, err = s.Guesses.WrongTx(tx, attempt); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "entra.code.used", Outcome: audit.Refused, Subject: l.ID, Client: t.Key(),
			Detail: map[string]any{"oid": l.Request.Foreign.Object}})
	})
	if err != nil {
		return fmt.Errorf("record a wrong enrolment code: %w", err)
	}
	return s.Logins.Note(ctx, l, idp.Notice{Kind: idp.Mismatch, Until: until})
}

func (s *Tenants) noteCode(ctx context.Context, l idp.Login, refusal error) error {
	var wait *throttle.WaitError
	var closed *throttle.ClosedError
	switch {
	case errors.As(refusal, &wait):
		return s.Logins.Note(ctx, l, idp.Notice{Kind: idp.Wait, Until: wait.Until})
	case errors.As(refusal, &closed):
		return s.Logins.Note(ctx, l, idp.Notice{Kind: idp.Closed})
	}
	return refusal
}
