package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/internal/random"
)

// Redeem exchanges a code for tokens (RFC 6749, section 4.1.3). That the code is this
// client's, was issued for this redirect URI and this verifier, has not expired and
// was not used, and is redeemed with the key it was asked for with, are conditions of the one UPDATE that uses it up, in the transaction
// that makes the tokens.
//
// Every failure is ErrInvalidGrant, but for ErrInvalidTarget and ErrProofNeeded. A wrong attempt uses nothing up; a second
// redemption revokes everything the first one gave (RFC 6749, section 10.5).
func (t *Tokens) Redeem(ctx context.Context, c client.Client, code, redirectURI, verifier string, asked Asked) (Issued, error) {
	if err := asked.check(c); err != nil {
		return Issued{}, fmt.Errorf("redeem code: %w", err)
	}
	if !random.WellFormed(codePrefix, code) {
		return Issued{}, fmt.Errorf("%w: the code is not one of ours", ErrInvalidGrant)
	}
	key, err := t.signer(ctx, c)
	if err != nil {
		return Issued{}, fmt.Errorf("redeem code: %w", err)
	}
	var issued Issued
	var claims idClaims
	var refused error // counts once it is committed, with the entry that tells of it
	err = t.DB.Write(ctx, func(tx *db.Tx) (err error) {
		issued, claims, refused, err = t.redeemTx(tx, c, code, redirectURI, verifier, asked)
		return err
	})
	if err = cmp.Or(err, refused); err != nil {
		return Issued{}, fmt.Errorf("redeem code: %w", err)
	}
	failpoint.Hit(failpoint.CodeRedeemed)
	// Signing is slow, so it happens outside the transaction.
	if err := t.signAccess(key, &issued); err != nil {
		return Issued{}, fmt.Errorf("redeem code: %w", err)
	}
	if issued.IDToken, err = t.mint(ctx, key, claims, issued); err != nil {
		return Issued{}, fmt.Errorf("redeem code: %w", err)
	}
	return issued, nil
}

func (t *Tokens) redeemTx(tx *db.Tx, c client.Client, code, redirectURI, verifier string, asked Asked) (_ Issued, _ idClaims, refused, err error) {
	now := t.now()
	grantID := random.ID("gra")
	used, refused, err := t.useCodeTx(tx, c, code, redirectURI, verifier, asked.JKT, grantID, now)
	if refused != nil || err != nil {
		return Issued{}, idClaims{}, refused, err
	}
	if reason, err := t.standsTx(tx, used); reason != "" || err != nil {
		refused, err := t.refuseCodeTx(tx, c, used, reason, err)
		return Issued{}, idClaims{}, refused, err
	}
	g, issued, err := t.giveTx(tx, c, grant{
		ID: grantID, ClientID: c.ID, UserID: used.UserID, SID: used.SID, Scopes: used.Scopes, Claims: used.Claims, Evidence: used.Evidence,
		Resources: used.Resources,
	}, asked, now)
	if err != nil {
		return Issued{}, idClaims{}, nil, err
	}
	claims := t.claimsOf(g, now)
	claims.Nonce = used.Nonce
	return issued, claims, nil, audit.Record(tx, audit.Entry{
		At: now, Action: "token.code.redeemed", Subject: g.ID, User: g.UserID, Client: c.ID,
		Detail: map[string]any{"sid": g.SID, "scopes": g.Scopes.V, "refresh": g.Offline},
	})
}

// useCodeTx uses the code up, or says why not.
func (t *Tokens) useCodeTx(tx *db.Tx, c client.Client, code, redirectURI, verifier, jkt, grantID string, now time.Time) (used codeRow, refused, err error) {
	challenge, wellFormed := challengeOf(verifier)
	if wellFormed {
		used, err = t.useCode(tx, code, c.ID, redirectURI, challenge, jkt, grantID, now)
		if !errors.Is(err, db.ErrNotFound) {
			return used, nil, err
		}
	}
	found, err := t.codeByHash(tx, code)
	if errors.Is(err, db.ErrNotFound) {
		return codeRow{}, fmt.Errorf("%w: the code is unknown", ErrInvalidGrant), nil
	}
	if err != nil {
		return codeRow{}, nil, err
	}
	reason := "the code verifier does not fit"
	switch {
	case found.ClientID != c.ID:
		reason = "the code is another client's"
	case !found.UsedAt.IsZero():
		if err := t.revokeGrantTx(tx, found.GrantID.String, "the code was redeemed twice"); err != nil && !errors.Is(err, ErrNone) {
			return codeRow{}, nil, err
		}
		reason = "the code was redeemed before"
	case found.Epoch != t.Epoch:
		reason = "the code is from before a restore"
	case !now.Before(found.ExpiresAt.Time):
		reason = "the code has expired"
	case found.RedirectURI != redirectURI:
		reason = "the redirect URI is another one"
	case found.JKT != "" && found.JKT != jkt:
		reason = "the code is bound to another key"
	}
	refused, err = t.refuseCodeTx(tx, c, found, reason, nil)
	return codeRow{}, refused, err
}

// standsTx says why a code that was just used must not lead to tokens after all.
func (t *Tokens) standsTx(tx *db.Tx, used codeRow) (reason string, err error) {
	active, err := user.ActiveTx(tx, used.UserID)
	if err != nil {
		return "", err
	}
	if !active {
		return "the person is disabled", nil
	}
	if err := t.Sessions.HoldTx(tx, used.SID); errors.Is(err, session.ErrNone) {
		return "the session is over", nil
	} else if err != nil {
		return "", err
	}
	return "", nil
}

func (t *Tokens) refuseCodeTx(tx *db.Tx, c client.Client, found codeRow, reason string, err error) (refused, _ error) {
	if err != nil {
		return nil, err
	}
	return fmt.Errorf("%w: %s", ErrInvalidGrant, reason), audit.Record(tx, audit.Entry{
		At: t.now(), Action: "token.code.refused", Outcome: audit.Refused, Subject: found.GrantID.String, User: found.UserID, Client: c.ID,
		Detail: map[string]any{"reason": reason, "issued_to": found.ClientID},
	})
}
