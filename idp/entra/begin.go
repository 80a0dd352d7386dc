package entra

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Logins carries what begins here; idp.Service does.
type Logins interface {
	BeginForeign(ctx context.Context, issuer, userID string, req idp.AuthRequest, until time.Time, b idp.Browser, also func(tx *db.Tx) error) (idp.Begun, error)
	Identify(ctx context.Context, id string, b idp.Browser, formToken string, who func(tx *db.Tx, l idp.Login) (userID string, err error)) error
	Note(ctx context.Context, l idp.Login, n idp.Notice) error
}

// Failure is why Entra gets an error in place of an ID token. Code is what it is told; Err
// is the reason for the log.
type Failure struct {
	Code string
	Err  error
}

// Error describes the failure for the log.
func (f *Failure) Error() string { return "Entra is told " + f.Code + ": " + f.Err.Error() }

// Unwrap returns the reason.
func (f *Failure) Unwrap() error { return f.Err }

// Why Entra is told an error.
var (
	ErrUnlinked = errors.New("the account is not linked to anybody here")
	ErrUnmet    = errors.New("nothing that was asked for can be met honestly")
	errRequest  = errors.New("the request is not one of Entra's")
	// ErrForeign tells that client_id or redirect_uri are not the tenant's own. There is
	// nobody to answer.
	ErrForeign = errors.New("client_id or redirect_uri is not the one that is registered")
)

// longest is how many bytes a parameter may have.
var longest = map[string]int{"state": 8192, "nonce": 2048, "claims": maxClaims, "id_token_hint": maxHint, "client-request-id": 128}

// used are the parameters that are looked at. Others are ignored, as the contract says.
var used = []string{"scope", "response_type", "response_mode", "client_id", "redirect_uri", "nonce", "state", "id_token_hint", "claims", "client-request-id"}

// Begin takes a request of Entra's, all of it, and stores it as a login of this browser.
// An error that wraps *Failure is for Entra, at the tenant's reply URL; ErrForeign,
// ErrReplayed and anything else is for the person.
func (s *Tenants) Begin(ctx context.Context, t Tenant, values url.Values, b idp.Browser) (idp.Begun, error) {
	if values.Get("client_id") != t.ClientID || values.Get("redirect_uri") != t.ReplyURL() || len(values["client_id"]) != 1 || len(values["redirect_uri"]) != 1 {
		return idp.Begun{}, ErrForeign
	}
	req, wanted, err := readRequest(t, values)
	if err != nil {
		return idp.Begun{}, err
	}
	hint, err := s.readHint(ctx, t, values.Get("id_token_hint"))
	switch {
	case errors.Is(err, ErrUnreachable):
		return idp.Begun{}, &Failure{idp.TemporarilyUnavailable, err}
	case errors.Is(err, ErrHint), errors.Is(err, ErrStale):
		return idp.Begun{}, &Failure{idp.InvalidRequest, err}
	case err != nil:
		return idp.Begun{}, fmt.Errorf("begin a login for Entra: %w", err)
	}
	req.Foreign = &idp.Foreign{Subject: hint.Subject, Object: hint.Object, Account: hint.Account, ACR: wanted.ACR, AMR: wanted.AMR, Methods: wanted.methods()}
	if len(req.Foreign.Methods) == 0 {
		return idp.Begun{}, s.refuse(ctx, t, hint, values, &Failure{idp.UnmetAuthentication, ErrUnmet})
	}
	userID, err := s.holderOf(ctx, t, hint)
	if err != nil {
		return idp.Begun{}, fmt.Errorf("begin a login for Entra: %w", err)
	}
	if userID == "" && !t.Enrol {
		return idp.Begun{}, s.refuse(ctx, t, hint, values, &Failure{idp.AccessDenied, ErrUnlinked})
	}
	return s.store(ctx, t, userID, req, hint, values, b)
}

func (s *Tenants) store(ctx context.Context, t Tenant, userID string, req idp.AuthRequest, hint Hint, values url.Values, b idp.Browser) (idp.Begun, error) {
	now := s.now()
	begins := now
	if hint.IssuedAt.Before(now) { // Entra has been waiting since
		begins = hint.IssuedAt
	}
	begun, err := s.Logins.BeginForeign(ctx, t.Key(), userID, req, begins.Add(hintLife), b, func(tx *db.Tx) error {
		if err := useHintTx(tx, hint); err != nil {
			return err
		}
		return s.recordHintTx(tx, t, hint, values, userID, nil)
	})
	if errors.Is(err, db.ErrReplayed) {
		return idp.Begun{}, ErrReplayed
	}
	return begun, err
}

// refuse uses the hint up all the same, and returns the failure.
func (s *Tenants) refuse(ctx context.Context, t Tenant, hint Hint, values url.Values, f *Failure) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := useHintTx(tx, hint); err != nil {
			return err
		}
		return s.recordHintTx(tx, t, hint, values, "", f)
	})
	switch {
	case errors.Is(err, db.ErrReplayed):
		return ErrReplayed
	case err != nil:
		return fmt.Errorf("refuse a hint of Entra's: %w", err)
	}
	return f
}

// useHintTx uses a hint up. It is known by what was signed, since a signature can be
// written in several ways.
func useHintTx(tx *db.Tx, h Hint) error {
	return tx.Once("entra-hint", h.signed, h.IssuedAt.Add(hintLife+2*skew))
}

func (s *Tenants) recordHintTx(tx *db.Tx, t Tenant, h Hint, values url.Values, userID string, f *Failure) error {
	e := audit.Entry{At: s.now(), Action: "entra.hint", Subject: t.ID, User: userID, Client: t.Key(), Detail: map[string]any{
		"oid": h.Object, "client_request_id": values.Get("client-request-id"),
	}}
	if f != nil {
		e.Outcome = audit.Refused
		e.Detail["error"], e.Detail["reason"] = f.Code, f.Err.Error()
	}
	return audit.Record(tx, e)
}

// holderOf finds the person by tenant and account, and by nothing else the hint says. Who
// is disabled is nobody.
func (s *Tenants) holderOf(ctx context.Context, t Tenant, h Hint) (string, error) {
	oid, err := t.identifier("object id", h.Object)
	if err != nil {
		return "", nil // no account of a directory
	}
	userID, err := s.holder(ctx, t.ID, oid)
	if err != nil || userID == "" {
		return "", err
	}
	u, err := (&user.Users{DB: s.DB}).ByID(ctx, userID)
	if err != nil || !u.Active() {
		return "", err
	}
	return userID, nil
}

// readRequest reads what Entra asks for, apart from the hint.
func readRequest(t Tenant, values url.Values) (idp.AuthRequest, Wanted, error) {
	req := idp.AuthRequest{
		RedirectURI: t.ReplyURL(), ResponseType: "id_token", ResponseMode: "form_post", Scopes: []string{"openid"},
		State: values.Get("state"), Nonce: values.Get("nonce"),
	}
	fault := func(code, text string) (idp.AuthRequest, Wanted, error) {
		return req, Wanted{}, &Failure{code, fmt.Errorf("%w: %s", errRequest, text)}
	}
	for _, name := range used {
		limit := longest[name]
		if limit == 0 {
			limit = 2048
		}
		if len(values[name]) > 1 || len(values.Get(name)) > limit || !text(values.Get(name)) {
			return fault(idp.InvalidRequest, name+" is sent twice, too long or no text")
		}
	}
	switch {
	case values.Get("response_type") != "id_token":
		return fault(idp.UnsupportedResponseType, "response_type is not id_token")
	case values.Get("response_mode") != "form_post":
		return fault(idp.InvalidRequest, "response_mode is not form_post")
	case !slices.Contains(strings.Fields(values.Get("scope")), "openid"):
		return fault(idp.InvalidScope, "scope does not hold openid")
	case req.Nonce == "":
		return fault(idp.InvalidRequest, "nonce is missing")
	}
	wanted, err := ParseClaims(values.Get("claims"))
	if err != nil {
		return fault(idp.InvalidRequest, err.Error())
	}
	return req, wanted, nil
}
