// Package token keeps the authenticator apps and hardware tokens that people type
// passcodes from: TOTP (RFC 6238) and HOTP (RFC 4226). It owns the table otp_tokens
// and the rule that a passcode works once, on every node. The arithmetic is
// devices/otp; how often somebody may guess, and what a passcode opens, is left to
// mfa. Passcodes of nod's own devices are left to devices.
//
// Words: a token is one secret shared with an app or a piece of hardware. It is
// pending until one passcode of it was proved, and active from then on. Its counter
// is the time step used last (TOTP) or the one expected next (HOTP).
package token

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/devices/otp"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// Tokens is the way to everything in this package. It is safe for concurrent use.
type Tokens struct {
	DB  *db.DB
	Box *seal.Box
	Now func() time.Time // nil means time.Now
}

// Kind says what makes a token's passcodes move on.
type Kind string

// The kinds.
const (
	TOTP Kind = "totp" // the clock
	HOTP Kind = "hotp" // a button
)

// State says whether a token proves anything.
type State string

// The states. A token that is removed is gone.
const (
	Pending State = "pending"
	Active  State = "active"
)

// Token is one token of one person.
type Token struct {
	ID        string
	UserID    string
	Kind      Kind
	Name      string
	Algorithm otp.Hash
	Digits    int
	Period    time.Duration // of TOTP, 0 for HOTP
	State     State
	MadeBy    string
	CreatedAt time.Time
	UsedAt    time.Time

	counter int64
	sealed  []byte
}

// Limits of tokens.
const (
	// pendingFor is how long somebody may take to prove the first passcode.
	pendingFor = 10 * time.Minute
	// maxTokens bounds how many secrets one guess is compared with.
	maxTokens = 10
)

// Errors of this package.
var (
	// ErrNotFound: the person has no such token, or not in that state.
	ErrNotFound = errors.New("no such token")
	// ErrTooMany: the person has as many tokens as anybody may have.
	ErrTooMany = errors.New("the person has 10 tokens already")
	// ErrBadName: a token's name is 1 to 64 visible characters.
	ErrBadName = errors.New("the name is not 1 to 64 visible characters")
	// ErrBadSeed: the secret is too short or too long, or the digits are not 6 or 8.
	ErrBadSeed = errors.New("the secret is not 16 to 64 bytes, or the digits are not 6 or 8")
)

// List returns the active tokens of a person, the oldest first.
func (s *Tokens) List(ctx context.Context, userID string) ([]Token, error) {
	all, err := s.readActive(ctx, userID)
	return all, wrap("list tokens", err)
}

// Get returns a token of a person, also one that is pending and may still be proved.
func (s *Tokens) Get(ctx context.Context, userID, id string) (Token, error) {
	t, err := s.read(ctx, userID, id)
	if err != nil {
		return Token{}, wrap("find token", err)
	}
	if t.State == Pending && !s.now().Before(t.Until()) {
		return Token{}, ErrNotFound
	}
	return t, nil
}

// Until is when a pending token is swept away.
func (t Token) Until() time.Time { return t.CreatedAt.Add(pendingFor) }

// GuardedTx reports whether the person has an active token.
func GuardedTx(tx *db.Tx, userID string) (bool, error) { return hasActiveTx(tx, userID) }

// Sweep deletes pending tokens that nobody proved in time, at most limit of them, and
// returns how many.
func (s *Tokens) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = deletePendingTx(tx, s.now().Add(-pendingFor), limit)
		return err
	})
	return n, wrap("sweep tokens", err)
}

func (s *Tokens) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

func place(id string) seal.Place {
	return seal.Place{Table: "otp_tokens", Row: id, Column: "secret"}
}

func wrap(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
