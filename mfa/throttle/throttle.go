// Package throttle slows down those who guess. It owns the tables guesses and
// attempts: how often a password or a typed code was wrong, where from, and which
// attempts are under way. It leaves what was guessed, and whether it was right, to
// the caller; prompts on phones are counted in mfa.
//
// Words: an attempt is reserved before the slow work begins and settled after it.
// The delay belongs to (account × network); the cap belongs to the account, once
// for all browsers that are unknown and once for each browser that is known.
package throttle

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Limits of guessing.
const (
	freeFailures = 5               // the delay begins with this failure
	firstDelay   = 1 * time.Second // and doubles from there
	longestDelay = 15 * time.Minute
	capFailures  = 100 // in a row; then the authenticator is closed to these browsers
	// stale is how long an attempt may be under way; a process that died took its
	// attempts with it, and they count as failures after this.
	stale = 2 * time.Minute
)

// Target is what is guessed at and from where.
type Target struct {
	// Account is the canonical key of the account, one for all its spellings.
	Account string
	// Authenticator is what is guessed, such as "password" or "typed". Each has counters of
	// its own, so that one being closed leaves the others open.
	Authenticator string
	IP            string
	// KnownBrowser is the id of a browser that completed a whole login before, or "".
	KnownBrowser string
}

func (t Target) account() string { return t.Account + "/" + t.Authenticator }

func (t Target) delayScope() string {
	if t.KnownBrowser != "" {
		return "browser:" + t.KnownBrowser
	}
	return "network:" + Network(t.IP)
}

func (t Target) capScope() string {
	if t.KnownBrowser != "" {
		return "browser:" + t.KnownBrowser
	}
	return "unknown"
}

// Network is the part of an address that counts as one source: /24 of IPv4, /56 of
// IPv6.
func Network(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil {
		return "none"
	}
	bits := 56
	if addr = addr.Unmap(); addr.Is4() {
		bits = 24
	}
	prefix, err := addr.WithZone("").Prefix(bits)
	if err != nil {
		return "none"
	}
	return prefix.String()
}

// WaitError refuses an attempt until a moment.
type WaitError struct{ Until time.Time }

// Error describes the refusal for the log.
func (e *WaitError) Error() string {
	return "too many wrong guesses, wait until " + e.Until.UTC().Format(time.RFC3339)
}

// ClosedError refuses every attempt from browsers of this kind, until a known
// browser gets in or an administrator unlocks the account.
type ClosedError struct{ Failures int }

// Error describes the refusal for the log.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("closed after %d wrong guesses in a row", e.Failures)
}

// Guesses counts. Its methods are safe for concurrent use, on any node.
type Guesses struct {
	DB  *db.DB
	Now func() time.Time // nil means time.Now
}

// Attempt is a reservation to be settled.
type Attempt struct {
	id     string
	target Target
}

// Reserve commits the intention to check one guess. It returns *WaitError or
// *ClosedError when the guess must not even be looked at.
func (g *Guesses) Reserve(ctx context.Context, t Target) (a Attempt, err error) {
	now := g.now()
	a = Attempt{id: random.ID("att"), target: t}
	err = g.DB.Write(ctx, func(tx *db.Tx) error {
		// The cap's row is locked first, so that parallel guesses take turns and
		// the cap is never overshot.
		capped, err := lockTx(tx, t.account(), t.capScope(), now)
		if err != nil {
			return err
		}
		if capped.Failures, err = countStaleTx(tx, t, capped.Failures, now); err != nil {
			return err
		}
		delayed := capped
		if t.delayScope() != t.capScope() {
			if delayed, err = findTx(tx, t.account(), t.delayScope()); err != nil {
				return err
			}
		}
		if until := delayed.BlockedUntil.Time; now.Before(until) {
			return &WaitError{Until: until}
		}
		open, err := openAttemptsTx(tx, t)
		if err != nil {
			return err
		}
		if capped.Failures+open >= capFailures {
			return &ClosedError{Failures: capped.Failures}
		}
		return insertAttemptTx(tx, a, now)
	})
	if err != nil {
		return Attempt{}, fmt.Errorf("reserve an attempt: %w", err)
	}
	return a, nil
}

// RightTx settles an attempt whose guess was right, inside the transaction that it
// leads to: all counts of its source and of its kind of browser begin anew.
func RightTx(tx *db.Tx, a Attempt) error {
	if err := deleteAttemptTx(tx, a.id); err != nil {
		return err
	}
	for _, scope := range a.scopes() {
		if err := forgetTx(tx, a.target.account(), scope); err != nil {
			return err
		}
	}
	return nil
}

// WrongTx settles an attempt whose guess was wrong, inside the transaction that
// records it, and returns until when the source has to wait, the zero time if it need
// not. The guess that closes an account to browsers of this kind is recorded too.
func (g *Guesses) WrongTx(tx *db.Tx, a Attempt) (until time.Time, err error) {
	now := g.now()
	if err := deleteAttemptTx(tx, a.id); err != nil {
		return until, err
	}
	for _, scope := range a.scopes() {
		failures, err := failTx(tx, a.target.account(), scope, now)
		if err != nil {
			return until, err
		}
		if scope == a.target.capScope() && failures == capFailures {
			if err := audit.Record(tx, audit.Entry{At: now, Action: "guesses.closed", Subject: a.target.account(),
				Detail: map[string]any{"browsers": scope, "wrong": failures}}); err != nil {
				return until, err
			}
		}
		if wait := Delay(failures); scope == a.target.delayScope() && wait > 0 {
			until = now.Add(wait)
			if err := blockTx(tx, a.target.account(), scope, until); err != nil {
				return until, err
			}
		}
	}
	return until, nil
}

// Drop takes back an attempt that was never judged, since the server was too busy
// or failed: such an attempt counts for nothing.
func (g *Guesses) Drop(ctx context.Context, a Attempt) error {
	err := g.DB.Write(ctx, func(tx *db.Tx) error { return deleteAttemptTx(tx, a.id) })
	if err != nil {
		return fmt.Errorf("drop an attempt: %w", err)
	}
	return nil
}

// Delay is how long a source waits after that many failures in a row.
func Delay(failures int) time.Duration {
	if failures < freeFailures {
		return 0
	}
	return min(longestDelay, firstDelay<<min(failures-freeFailures, 20))
}

// UnlockTx forgets every count of an account's authenticators.
func UnlockTx(tx *db.Tx, account string, authenticators ...string) error {
	for _, a := range authenticators {
		if err := forgetAllTx(tx, Target{Account: account, Authenticator: a}.account()); err != nil {
			return err
		}
	}
	return nil
}

// Sweep forgets counts that have been quiet for a day, at most limit of them, and
// returns how many. Accounts that are closed stay closed.
func (g *Guesses) Sweep(ctx context.Context, limit int) (n int64, err error) {
	err = g.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = sweepTx(tx, g.now().Add(-24*time.Hour), limit)
		return err
	})
	return n, err
}

func (a Attempt) scopes() []string {
	if a.target.delayScope() == a.target.capScope() {
		return []string{a.target.capScope()}
	}
	return []string{a.target.capScope(), a.target.delayScope()} // the order locks are taken in
}

func (g *Guesses) now() time.Time {
	if g.Now == nil {
		return time.Now()
	}
	return g.Now()
}
