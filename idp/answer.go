package idp

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
)

// codeRequestTx is everything that what the client gets is bound to. Scopes that the
// person did not agree to are not among it.
func (s *Service) codeRequestTx(tx *db.Tx, l Login, held session.Session) (token.CodeRequest, error) {
	scopes, err := s.grantedTx(tx, l)
	r := codeRequest(l, held)
	r.Scopes = scopes
	return r, err
}

func codeRequest(l Login, held session.Session) token.CodeRequest {
	return token.CodeRequest{
		LoginID: l.ID, ClientID: l.ClientID, UserID: held.UserID, SID: held.SID, RedirectURI: l.Request.RedirectURI,
		Nonce: l.Request.Nonce, CodeChallenge: l.Request.CodeChallenge, Scopes: slices.Clone(l.Request.Scopes),
		Claims: l.Request.Claims, Evidence: held.Evidence, DPoPThumbprint: l.Request.DPoPThumbprint, Resources: l.Request.Resources,
	}
}

// issueTx stores the code and the access token that the answer is to hold. The client
// takes part in the session from then on, also if it gets nothing but an ID token.
func (s *Service) issueTx(tx *db.Tx, req AuthRequest, r token.CodeRequest) (f token.Front, err error) {
	if req.Wants("code") {
		if f.Code, err = s.Tokens.IssueCodeTx(tx, r); err != nil {
			return f, err
		}
	}
	if req.Wants("token") {
		if f.AccessToken, err = s.Tokens.IssueFrontTx(tx, r); err != nil {
			return f, err
		}
		f.ExpiresIn = s.Tokens.FrontLife()
	}
	return f, s.Sessions.JoinTx(tx, r.SID, r.ClientID)
}

// answer puts together what goes back to the client. Signing is slow, so it happens
// outside the transaction that issued the rest.
func (s *Service) answer(ctx context.Context, req AuthRequest, r token.CodeRequest, f token.Front, at time.Time) (Response, error) {
	response := Response{Request: req, Code: f.Code, AccessToken: f.AccessToken, ExpiresIn: f.ExpiresIn, Scopes: r.Scopes}
	if !req.Wants("id_token") {
		return response, nil
	}
	c, err := s.Clients.Get(ctx, req.ClientID)
	if err != nil {
		return Response{}, fmt.Errorf("answer a client: %w", err)
	}
	response.IDToken, err = s.Tokens.FrontIDToken(ctx, c, r, f, at)
	return response, err
}

// Response is what the client of a finished or stopped login is to be told. It can be asked for
// again: code and access token are derived from the login, and work once, or for as long
// as they live; the ID token says the same each time. Once the session it led to has
// ended there is no ID token any more.
func (s *Service) Response(ctx context.Context, l Login) (Response, error) {
	r, err := s.response(ctx, l)
	if err != nil || !l.Request.JWT {
		return r, err
	}
	c, err := s.Clients.Get(ctx, l.ClientID)
	if err != nil {
		return Response{}, fmt.Errorf("answer a client: %w", err)
	}
	return r.Signed(ctx, s.Tokens, c)
}

func (s *Service) response(ctx context.Context, l Login) (Response, error) {
	r := Response{Request: l.Request}
	if l.State != Done {
		r.Err = &OAuthError{Code: l.Failure, Description: failureText[l.Failure]}
		return r, nil
	}
	var f token.Front
	if l.Request.Wants("code") {
		f.Code = s.Tokens.CodeFor(l.ID)
	}
	if l.Request.Wants("token") {
		f.AccessToken, f.ExpiresIn = s.Tokens.FrontFor(l.ID), s.Tokens.FrontLife()-s.now().Sub(l.FinishedAt).Truncate(time.Second)
	}
	if !l.Request.Wants("id_token") {
		return s.answer(ctx, l.Request, codeRequest(l, session.Session{}), f, l.FinishedAt)
	}
	open, err := s.Sessions.List(ctx, l.UserID)
	if err != nil {
		return Response{}, fmt.Errorf("answer a client: %w", err)
	}
	i := slices.IndexFunc(open, func(o session.Session) bool { return o.ID == l.SessionID })
	if i < 0 {
		r.Err = &OAuthError{Code: LoginRequired, Description: "the session is over"}
		return r, nil
	}
	return s.answer(ctx, l.Request, codeRequest(l, open[i]), f, l.FinishedAt)
}
