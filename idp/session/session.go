// Package session keeps who is signed in where, and which browsers completed a
// whole login before. It owns the tables sessions, session_clients and browsers. What proves a
// person is left to idp and mfa, what ending a session takes from clients to
// idp/token, and cookies to web.
//
// Words: a session is one authentication of one person in one browser; its token is
// the value of the browser's cookie and is stored hashed. Authenticating again makes
// a new session and ends the old one. The sid is what clients know it by: it stays
// the same while the same person authenticates again in the same browser. A client takes
// part in a session once it was given something under it. A known
// browser is one that completed a whole login; knowing it waives a prompt and is
// never evidence of anything.
package session

import (
	"errors"
	"sync"
	"time"

	"github.com/nod-idp/nod/idp/evidence"
	"github.com/nod-idp/nod/internal/db"
)

// Sessions begins, finds and ends sessions. DB and Epoch must be set.
type Sessions struct {
	DB           *db.DB
	Epoch        int64
	Now          func() time.Time // nil means time.Now
	Absolute     time.Duration    // from authentication to the end; 0 means 24 h
	Idle         time.Duration    // without a sign of life; 0 means 1 h
	KnownBrowser time.Duration    // how long a browser stays known; 0 means 180 d

	// OnEnd joins the transaction in which a session ends for the clients that took part
	// in it. nil: nobody tells them.
	OnEnd func(tx *db.Tx, ended Session, clients []string) error

	touches sync.WaitGroup
}

// Session is one person signed in in one browser.
type Session struct {
	ID        string
	SID       string // the claim sid of OpenID Connect Front-Channel Logout 1.0, section 3
	UserID    string
	Evidence  evidence.Evidence
	Challenge string // the id of the challenge it was made from, or ""
	IP        string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Errors of this package.
var (
	// ErrNone is returned when there is no such session: unknown, expired, idle for
	// too long, ended, or of a person who is disabled. Callers cannot tell which.
	ErrNone = errors.New("no such session")
	// ErrChallengeUsed is returned when a challenge already made a session.
	ErrChallengeUsed = errors.New("the challenge already made a session")
)

// The prefixes of the two kinds of cookie value.
const (
	tokenPrefix   = "nos"
	browserPrefix = "nob"
)

// Reasons why a session ended.
const (
	Replaced  = "replaced" // the same person authenticated again
	Switched  = "switched" // another person signed in in the same browser
	LoggedOut = "logout"
)

// Wait returns when no note of a sign of life is still being written. Whoever closes
// the database calls it first.
func (s *Sessions) Wait() { s.touches.Wait() }

func (s *Sessions) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func (s *Sessions) absolute() time.Duration { return or(s.Absolute, 24*time.Hour) }
func (s *Sessions) idle() time.Duration     { return or(s.Idle, time.Hour) }
func (s *Sessions) known() time.Duration    { return or(s.KnownBrowser, 180*24*time.Hour) }

func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}
