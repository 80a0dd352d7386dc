package entra

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/keys"
)

// ErrOver tells that a login was answered a while ago. Entra would take nothing more.
var ErrOver = errors.New("the login was answered before")

// How long an answer is worth something.
const (
	answerLife = 5 * time.Minute // of the ID token
	repeatFor  = time.Minute     // of the page that forwards it
)

// Answer is what is sent to the tenant's reply URL.
type Answer struct {
	Action string
	Fields []idp.Field
}

// answerClaims are what the contract wants to see. amr is a list of exactly one.
type answerClaims struct {
	Issuer   string   `json:"iss"`
	Audience string   `json:"aud"`
	Subject  string   `json:"sub"`
	IssuedAt int64    `json:"iat"`
	Expires  int64    `json:"exp"`
	Nonce    string   `json:"nonce"`
	ACR      string   `json:"acr"`
	AMR      []string `json:"amr"`
}

// Refuse is the answer that tells a failure.
func (t Tenant) Refuse(state, code string) Answer {
	return t.answer(state, idp.Field{Name: "error", Value: code})
}

func (t Tenant) answer(state string, first idp.Field) Answer {
	a := Answer{Action: t.ReplyURL(), Fields: []idp.Field{first}}
	if state != "" {
		a.Fields = append(a.Fields, idp.Field{Name: "state", Value: state})
	}
	return a
}

// Answer is what Entra is told of a login that is over, the same for a minute: the token
// names its second. It returns ErrNotFound for a login of another tenant and ErrOver for
// one that ended longer ago; failed says that nobody signed in.
func (s *Tenants) Answer(ctx context.Context, t Tenant, l idp.Login) (a Answer, failed bool, err error) {
	switch {
	case l.Issuer != t.Key() || l.Request.Foreign == nil || l.State == idp.Open:
		return a, false, ErrNotFound
	case s.now().Sub(l.FinishedAt) >= repeatFor:
		return a, false, ErrOver
	case l.State != idp.Done:
		return t.Refuse(l.Request.State, l.Failure), true, nil
	}
	wanted := Wanted{l.Request.Foreign.ACR, l.Request.Foreign.AMR}
	acr, met := wanted.acr()
	amr, too := wanted.amr(idp.ProvedBy(l.Evidence))
	if !met || !too || l.Evidence.FactorAt.IsZero() || l.Evidence.Recovery || l.Evidence.Foreign != t.Key() {
		return t.Refuse(l.Request.State, idp.UnmetAuthentication), true, nil // the demand of the login keeps this from happening
	}
	key, err := s.Ring(t).Signer(ctx, keys.RS256)
	if err != nil {
		return a, false, fmt.Errorf("answer Entra: %w", err)
	}
	token, err := key.SignClaims(answerClaims{
		Issuer: t.Issuer(s.PublicURL), Audience: t.ClientID, Subject: l.Request.Foreign.Subject, Nonce: l.Request.Nonce,
		IssuedAt: l.FinishedAt.Unix(), Expires: l.FinishedAt.Add(answerLife).Unix(), ACR: acr, AMR: []string{amr},
	}, "JWT")
	if err != nil {
		return a, false, fmt.Errorf("answer Entra: %w", err)
	}
	return t.answer(l.Request.State, idp.Field{Name: "id_token", Value: token}), false, nil
}

// text reports whether a value is text without control characters.
func text(value string) bool {
	return utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}
