package idp

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/idp/consent"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/idp/password"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/idp/session"
	"github.com/nod-idp/nod/idp/signals"
	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Service carries logins. Its methods are safe for concurrent use, on any node:
// nothing about a login is kept in memory.
type Service struct {
	DB       *db.DB
	Box      *seal.Box
	Epoch    int64
	Users    *user.Users
	Clients  *client.Clients
	Sessions *session.Sessions
	Tokens   *token.Tokens
	Consents *consent.Consents
	Hasher   *password.Hasher
	Guesses  *throttle.Guesses
	MFA      *mfa.Service
	Devices  *devices.Devices // for the person's own pages
	Policy   mfa.Policy       // at the start; SetRules replaces its rules
	Now      func() time.Time // nil means time.Now
	Lifetime time.Duration    // of a whole login; 0 means 15 min

	// Signals tells administrators of what touches the safety of an account. nil means that
	// the journal is all they get.
	Signals *signals.Signals

	// Passwords is what a new password has to be like, and PasswordWords what is known
	// about this service that it must not be made of.
	Passwords     password.Policy
	PasswordWords []string

	// Resets are the ways to a new password for those who forgot theirs; nil: there are none.
	Resets *reset.Resets
	// Letters writes to people; nil or without a mail server: nobody is written to.
	Letters *letters.Letters

	replaced atomic.Pointer[mfa.Policy] // nil until the rules were replaced
}

// Errors of this package.
var (
	// ErrNoLogin: there is no such login, or it has been forgotten.
	ErrNoLogin = errors.New("no such login")
	// ErrElsewhere: the login belongs to another browser.
	ErrElsewhere = errors.New("the login belongs to another browser")
	// ErrMoved: the login has moved on since the page was drawn. The page as it is
	// now says what is next.
	ErrMoved = errors.New("the login has moved on")
)

// loginTokenPrefix opens the value of the cookie that binds logins to a browser.
const loginTokenPrefix = "nlg"

// repeatWindow is how long the browser that finished a login may send its last form
// again, in case the answer was lost.
const repeatWindow = 60 * time.Second

func (s *Service) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Service) lifetime() time.Duration {
	if s.Lifetime == 0 {
		return 15 * time.Minute
	}
	return s.Lifetime
}

// Find returns a login to the browser that began it, and to no other. What it took
// over from a session counts only while the browser still holds one of that person:
// whoever signed out has to begin with the password.
func (s *Service) Find(ctx context.Context, id string, b Browser) (Login, error) {
	l, err := s.readLogin(ctx, id)
	if errors.Is(err, ErrNoLogin) {
		return Login{}, err
	}
	if err != nil {
		return Login{}, fmt.Errorf("find a login: %w", err)
	}
	if !random.WellFormed(loginTokenPrefix, b.LoginToken) || l.browser != browserOf(b) {
		return Login{}, ErrElsewhere
	}
	if l.firstParty, err = s.firstParty(ctx, l.ClientID); err != nil {
		return Login{}, err
	}
	if l.borrows() {
		held, err := s.heldSession(ctx, b)
		if err != nil {
			return Login{}, err
		}
		if held.UserID != l.UserID {
			l.forget()
		}
	}
	return l, nil
}

// heldSession returns the session that the browser has now, an empty one if it has
// none. The session of the next authentication replaces it.
func (s *Service) heldSession(ctx context.Context, b Browser) (session.Session, error) {
	if b.SessionToken == "" {
		return session.Session{}, nil
	}
	held, err := s.Sessions.Find(ctx, b.SessionToken)
	if errors.Is(err, session.ErrNone) {
		return session.Session{}, nil
	}
	if err != nil {
		return session.Session{}, fmt.Errorf("look for a session: %w", err)
	}
	return held, nil
}

// browserOf is the id of a browser as logins and challenges know it.
func browserOf(b Browser) string { return hex.EncodeToString(random.Hash(b.LoginToken)) }

// ID is what challenges know this browser by, "" if it has no cookie of a login. An
// answer that comes from a login's own browser needs no match number.
func (b Browser) ID() string {
	if !random.WellFormed(loginTokenPrefix, b.LoginToken) {
		return ""
	}
	return browserOf(b)
}

// FormToken is the one-time token that the forms of a login's present page carry.
// It changes with every step.
func (s *Service) FormToken(l Login) string {
	return hex.EncodeToString(s.Box.MAC("form", l.ID, l.browser, strconv.FormatInt(l.Version, 10)))
}

// drawnFor reports whether a form was drawn for the page that the login shows now.
func (s *Service) drawnFor(l Login, formToken string) bool {
	return hmac.Equal([]byte(s.FormToken(l)), []byte(formToken))
}

// step returns the login, and what is demanded of it, if it waits for this step and
// the form was drawn for its present page, and ErrMoved otherwise.
func (s *Service) step(ctx context.Context, id string, b Browser, formToken string, want Step) (Login, mfa.Demand, error) {
	l, err := s.Find(ctx, id, b)
	if err != nil {
		return Login{}, mfa.Demand{}, err
	}
	demand, err := s.demand(ctx, l)
	if errors.Is(err, client.ErrNotFound) {
		return Login{}, mfa.Demand{}, ErrMoved // to the page that says it is over
	}
	if err != nil {
		return Login{}, mfa.Demand{}, err
	}
	if l.Next(demand, s.now()) != want || !s.drawnFor(l, formToken) {
		return Login{}, mfa.Demand{}, ErrMoved
	}
	return l, demand, nil
}
