package idp

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Browser is what a request's cookies and connection say about the browser. The
// tokens are the raw values of its cookies, "" where it sent none.
type Browser struct {
	LoginToken   string // binds stored logins to this browser
	SessionToken string // single sign-on
	KnownToken   string // a browser that completed a whole login before
	IP           string
	UserAgent    string
}

// Begun is how an authorization request was taken up: either it can be answered at
// once, or the browser goes on to the login page.
type Begun struct {
	LoginID    string
	LoginToken string    // the cookie to set, "" when the browser has it already
	Response   *Response // set when the client is answered at once
}

// Response is what goes back to the client's redirect URI: a code or an error.
type Response struct {
	Request AuthRequest
	Code    string
	Err     *OAuthError
}

// longestUserAgent is how much of a User-Agent header is kept.
const longestUserAgent = 300

// Begin takes up an authorization request whose client and redirect URI have been
// checked. A session that proves enough is answered at once with a code; otherwise
// the request is stored as a login that only this browser can continue.
func (s *Service) Begin(ctx context.Context, req AuthRequest, b Browser) (Begun, error) {
	now := s.now()
	l := Login{
		ID: random.ID("log"), State: Open, ClientID: req.ClientID, Request: req,
		IP: b.IP, UserAgent: strings.ToValidUTF8(b.UserAgent[:min(len(b.UserAgent), longestUserAgent)], ""),
		CreatedAt: now, ExpiresAt: now.Add(s.lifetime()),
	}
	held, err := s.usableSession(ctx, req, b)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a login: %w", err)
	}
	l.UserID, l.Evidence, l.SessionID = held.UserID, held.Evidence, held.ID
	demand, err := s.demand(ctx, l)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a login: %w", err)
	}
	next := l.Next(demand, now)
	if next == StepFinish && !req.StaysHere() {
		begun, err := s.answerFromSession(ctx, l, held)
		if !errors.Is(err, session.ErrNone) {
			return begun, err
		}
		l.UserID, l.Evidence, l.SessionID = "", evidence.Evidence{}, "" // it ended this very moment
		next = StepPassword
	}
	switch {
	case req.Prompts("none") && next == StepFactor:
		return refused(req, InteractionRequired, "a second factor is needed"), nil
	case req.Prompts("none"):
		return refused(req, LoginRequired, "nobody is signed in"), nil
	}
	if l.UserID != "" {
		if l.KnownBrowser, _, err = s.Sessions.Known(ctx, l.UserID, b.KnownToken); err != nil {
			return Begun{}, fmt.Errorf("begin a login: %w", err)
		}
	}
	return s.store(ctx, l, b)
}

func refused(req AuthRequest, code, why string) Begun {
	return Begun{Response: &Response{Request: req, Err: &OAuthError{Code: code, Description: why}}}
}

// usableSession returns the browser's session if the request accepts it, and an
// empty one otherwise. It never asks less than the request: prompt=login, an age
// above max_age or a hint at somebody else make the session count for nothing.
func (s *Service) usableSession(ctx context.Context, req AuthRequest, b Browser) (session.Session, error) {
	var none session.Session
	if b.SessionToken == "" || req.Prompts("login") || req.Prompts("select_account") {
		return none, nil
	}
	held, err := s.Sessions.Find(ctx, b.SessionToken)
	switch {
	case errors.Is(err, session.ErrNone):
		return none, nil
	case err != nil:
		return none, err
	case req.HintSubject != "" && req.HintSubject != held.UserID:
		return none, nil
	case req.MaxAge != nil && !s.within(*req.MaxAge, held.Evidence):
		return none, nil
	}
	return held, nil
}

// within reports whether everything was proved at most maxAge seconds ago. An age of
// 0 asks for a new proof, like prompt=login (OpenID Connect Core 1.0, section 3.1.2.1).
func (s *Service) within(maxAge int64, e evidence.Evidence) bool {
	const forever = int64(math.MaxInt64 / time.Second)
	age := time.Duration(min(maxAge, forever)) * time.Second
	return maxAge > 0 && s.now().Sub(oldest(e)) <= age
}

// oldest is when the first of the proofs was given: max_age asks that all of them
// are fresh.
func oldest(e evidence.Evidence) time.Time {
	switch {
	case e.PasswordAt.IsZero():
		return e.FactorAt
	case e.FactorAt.IsZero(), e.PasswordAt.Before(e.FactorAt):
		return e.PasswordAt
	}
	return e.FactorAt
}

func (s *Service) answerFromSession(ctx context.Context, l Login, held session.Session) (Begun, error) {
	response := &Response{Request: l.Request}
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := s.Sessions.HoldTx(tx, held.SID); err != nil {
			return err
		}
		request := s.codeRequest(l, held)
		request.LoginID = "" // nothing was stored; the code is random
		response.Code, err = s.Tokens.IssueCodeTx(tx, request)
		return err
	})
	if err != nil {
		return Begun{}, fmt.Errorf("answer from a session: %w", err)
	}
	return Begun{Response: response}, nil
}

func (s *Service) codeRequest(l Login, held session.Session) token.CodeRequest {
	return token.CodeRequest{
		LoginID: l.ID, ClientID: l.ClientID, UserID: held.UserID, SID: held.SID, RedirectURI: l.Request.RedirectURI,
		Nonce: l.Request.Nonce, CodeChallenge: l.Request.CodeChallenge, Scopes: slices.Clone(l.Request.Scopes), Evidence: held.Evidence,
		DPoPThumbprint: l.Request.DPoPThumbprint, Resources: l.Request.Resources,
	}
}

func (s *Service) store(ctx context.Context, l Login, b Browser) (Begun, error) {
	begun := Begun{LoginID: l.ID}
	if !random.WellFormed(loginTokenPrefix, b.LoginToken) {
		begun.LoginToken = random.Token(loginTokenPrefix)
		b.LoginToken = begun.LoginToken
	}
	hash, err := hex.DecodeString(browserOf(b))
	if err != nil {
		return Begun{}, err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.insertLoginTx(tx, l, hash); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: l.CreatedAt, Action: "login.begun", Subject: l.ID, User: l.UserID, Client: l.ClientID})
	})
	if err != nil {
		return Begun{}, fmt.Errorf("store a login: %w", err)
	}
	return begun, nil
}
