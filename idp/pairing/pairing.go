// Package pairing signs people in on things that have no browser or no keyboard: a
// television, a printer, a tool in a terminal (OAuth 2.0 Device Authorization Grant, RFC
// 8628). It owns the table pairings: what a client asked for, the short code that its
// person types on another screen, and what became of it. Who the person is and what they
// have to prove is decided by idp, how tokens are made by idp/token, how a page or an
// answer looks by web.
//
// Words: a pairing is one such request. The device code is the client's half, a bearer
// secret; the user code is the person's half, eight letters that stand on the screen.
// "Device" is the word of the RFC alone: a device of nod's own is a phone that approves.
package pairing

import (
	"errors"
	"time"

	"github.com/nod-idp/nod/idp/token"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Pairings carries pairings. All fields but the last must be set.
type Pairings struct {
	DB      *db.DB
	Box     *seal.Box
	Epoch   int64
	Tokens  *token.Tokens
	Guesses *throttle.Guesses
	Now     func() time.Time // nil means time.Now
}

// Life is how long a pairing waits for its person.
const Life = 10 * time.Minute

// kept is how long a pairing is remembered after that, so that a client learns that it is
// too late (RFC 8628, section 3.5).
const kept = time.Hour

// ErrNone is returned for a user code that stands for nothing, and for a pairing that
// is not there, has expired or was answered.
var ErrNone = errors.New("no such pairing")

// codePrefix opens a device code.
const codePrefix = "ndc"

// Pairing is what the person has to know to answer.
type Pairing struct {
	ID        string
	ClientID  string
	UserCode  string // as it stands on the other screen
	Scopes    []string
	IP        string // where the client asked from
	CreatedAt time.Time
	ExpiresAt time.Time
}

func (p *Pairings) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}
