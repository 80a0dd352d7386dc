package idp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
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
	Login      string    // its reference, for the address of its page
	LoginToken string    // the cookie to set, "" when the browser has it already
	Response   *Response // set when the client is answered at once
}

// longestUserAgent is how much of a User-Agent header is kept.
const longestUserAgent = 300

// shortened is as much of a User-Agent header as is kept.
func shortened(header string) string {
	return strings.ToValidUTF8(header[:min(len(header), longestUserAgent)], "")
}

// Begin takes up an authorization request whose client and redirect URI have been
// checked. A session that proves enough is answered at once with a code; otherwise
// the request becomes a login that only this browser can continue.
func (s *Service) Begin(ctx context.Context, req AuthRequest, b Browser) (Begun, error) {
	now := s.now()
	l := Login{
		ID: random.ID("log"), State: Open, ClientID: req.ClientID, Request: req,
		IP: b.IP, UserAgent: shortened(b.UserAgent),
		CreatedAt: now, ExpiresAt: now.Add(s.lifetime()),
	}
	held, err := s.usableSession(ctx, req, b)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a login: %w", err)
	}
	l.UserID, l.Evidence, l.SessionID = held.UserID, held.Evidence, held.ID
	l.Questions.Account = held.ID != "" && req.Prompts("select_account")
	if l.firstParty, err = s.firstParty(ctx, l.ClientID); err != nil {
		return Begun{}, fmt.Errorf("begin a login: %w", err)
	}
	demand, err := s.demand(ctx, l)
	if err != nil {
		return Begun{}, fmt.Errorf("begin a login: %w", err)
	}
	next := l.Next(demand, now)
	if next == StepFinish && !req.StaysHere() {
		begun, err := s.fromSession(ctx, &l, held)
		if begun != nil || err != nil {
			return *cmp.Or(begun, &Begun{}), err
		}
		next = l.Next(demand, now)
	}
	if req.Prompts("none") {
		return refused(req, silence(next)), nil
	}
	if l.UserID != "" {
		if l.KnownBrowser, _, err = s.Sessions.Known(ctx, l.UserID, b.KnownToken); err != nil {
			return Begun{}, fmt.Errorf("begin a login: %w", err)
		}
	}
	begun := bind(&l, b)
	if reference := s.carry(l); reference != "" {
		begun.Login = reference
		return begun, nil
	}
	return begun, s.store(ctx, l)
}

func refused(req AuthRequest, why *OAuthError) Begun {
	return Begun{Response: &Response{Request: req, Err: why}}
}

// silence is why a request that allows no page cannot be answered (OpenID Connect Core
// 1.0, section 3.1.2.6).
func silence(next Step) *OAuthError {
	switch next {
	case StepFactor:
		return &OAuthError{Code: InteractionRequired, Description: "a second factor is needed"}
	case StepConsent:
		return &OAuthError{Code: ConsentRequired, Description: "the person has to be asked"}
	}
	return &OAuthError{Code: LoginRequired, Description: "nobody is signed in"}
}

// usableSession returns the browser's session if the request accepts it, and an
// empty one otherwise. It never asks less than the request: prompt=login, an age
// above max_age or a hint at somebody else make the session count for nothing.
func (s *Service) usableSession(ctx context.Context, req AuthRequest, b Browser) (session.Session, error) {
	var none session.Session
	if b.SessionToken == "" || req.Prompts("login") {
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

// fromSession answers a request that a session is enough for. It returns nothing when
// the login has to go on after all: the person has to be asked for consent, or the session
// ended this very moment.
func (s *Service) fromSession(ctx context.Context, l *Login, held session.Session) (*Begun, error) {
	if l.unmet() {
		begun := refused(l.Request, &OAuthError{Code: UnmetAuthentication, Description: failureText[UnmetAuthentication]})
		return &begun, nil
	}
	due, err := s.consentDue(ctx, *l)
	if err != nil {
		return nil, err
	}
	if l.Questions.Consent = due; due {
		return nil, nil
	}
	response, err := s.answerFromSession(ctx, *l, held)
	if errors.Is(err, session.ErrNone) {
		l.forget()
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("answer from a session: %w", err)
	}
	return &Begun{Response: &response}, nil
}

func (s *Service) answerFromSession(ctx context.Context, l Login, held session.Session) (Response, error) {
	l.ID = "" // nothing was stored; what is issued is random
	var request token.CodeRequest
	var issued token.Front
	err := s.DB.Write(ctx, func(tx *db.Tx) (err error) {
		if err := s.Sessions.HoldTx(tx, held.SID); err != nil {
			return err
		}
		if request, err = s.codeRequestTx(tx, l, held); err != nil {
			return err
		}
		issued, err = s.issueTx(tx, l.Request, request)
		return err
	})
	if err != nil {
		return Response{}, err
	}
	failpoint.Hit(failpoint.CodeIssued)
	return s.answer(ctx, l.Request, request, issued, l.CreatedAt)
}

// bind gives a login to a browser, which may need a cookie for it first.
func bind(l *Login, b Browser) Begun {
	begun := Begun{Login: l.ID}
	if !random.WellFormed(loginTokenPrefix, b.LoginToken) {
		begun.LoginToken = random.Token(loginTokenPrefix)
		b.LoginToken = begun.LoginToken
	}
	l.browser = browserOf(b)
	return begun
}

// store keeps a login from the beginning, and does also in the same transaction.
func (s *Service) store(ctx context.Context, l Login, also ...func(tx *db.Tx) error) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := s.keepTx(tx, l); err != nil {
			return err
		}
		for _, do := range also {
			if err := do(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store a login: %w", err)
	}
	return nil
}
