package session

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// RememberTx notes that the person completed a whole login in this browser, and
// returns the token its cookie is to hold from now on. held is what the cookie holds
// now, "" for nothing.
//
// A token that already stands for this person is kept. Any other may have been
// planted by somebody who knows it, so the browser gets a fresh one; other people
// known in this browser move along to it.
func (s *Sessions) RememberTx(tx *db.Tx, userID, held, ip, userAgent string) (token string, err error) {
	now := s.now()
	if !random.WellFormed(browserPrefix, held) {
		held = ""
	}
	if held != "" {
		again, err := s.prolongBrowser(tx, userID, held, ip, userAgent, now)
		if err != nil {
			return "", fmt.Errorf("remember browser: %w", err)
		}
		if again {
			return held, nil
		}
	}
	token = random.Token(browserPrefix)
	if held != "" {
		if err := s.moveBrowsers(tx, held, token, now); err != nil {
			return "", fmt.Errorf("remember browser: %w", err)
		}
	}
	id := random.ID("brw")
	if err := s.insertBrowser(tx, id, userID, token, ip, userAgent, now); err != nil {
		return "", fmt.Errorf("remember browser: %w", err)
	}
	return token, audit.Record(tx, audit.Entry{At: now, Action: "browser.remembered", Subject: id, User: userID})
}

// Known reports whether the person completed a whole login in the browser that holds
// this token, and the id that budgets are counted by.
func (s *Sessions) Known(ctx context.Context, userID, token string) (id string, known bool, err error) {
	if !random.WellFormed(browserPrefix, token) {
		return "", false, nil
	}
	return s.browser(func(dest any, query string, args ...any) error {
		return s.DB.Get(ctx, dest, query, args...)
	}, userID, token, s.now())
}

// KnownTx is Known inside a transaction.
func (s *Sessions) KnownTx(tx *db.Tx, userID, token string) (id string, known bool, err error) {
	if !random.WellFormed(browserPrefix, token) {
		return "", false, nil
	}
	return s.browser(tx.Get, userID, token, s.now())
}

// WaiveTx keeps that the person waives prompts on the browser that holds this token. It
// is never evidence of anything, and ends with the memory of the browser.
func (s *Sessions) WaiveTx(tx *db.Tx, userID, token string, life time.Duration) error {
	now := s.now()
	if err := s.waive(tx, userID, token, now.Add(life)); err != nil {
		return fmt.Errorf("waive prompts: %w", err)
	}
	return audit.Record(tx, audit.Entry{At: now, Action: "browser.waived", Subject: userID, User: userID,
		Detail: map[string]any{"days": int(life.Hours() / 24)}})
}

// Waived reports whether the person waives prompts on a known browser, by its id.
func (s *Sessions) Waived(ctx context.Context, userID, id string) (bool, error) {
	if id == "" {
		return false, nil
	}
	yes, err := s.waived(ctx, userID, id, s.now())
	if err != nil {
		return false, fmt.Errorf("look for a waiver: %w", err)
	}
	return yes, nil
}

// UnwaiveTx takes every waiver of a person back, as signing out everywhere does.
func (s *Sessions) UnwaiveTx(tx *db.Tx, userID string) error {
	n, err := s.unwaive(tx, userID)
	if n == 0 || err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{At: s.now(), Action: "browsers.unwaived", Subject: userID, User: userID, Detail: map[string]any{"count": n}})
}

// ForgetBrowsersTx makes every browser of a person unknown, as a change of the
// password, a report or the removal of a device demands.
func (s *Sessions) ForgetBrowsersTx(tx *db.Tx, userID, reason string) error {
	n, err := s.deleteBrowsers(tx, userID)
	if err != nil {
		return fmt.Errorf("forget browsers: %w", err)
	}
	if n == 0 {
		return nil
	}
	return audit.Record(tx, audit.Entry{
		At: s.now(), Action: "browsers.forgotten", Subject: userID, User: userID,
		Detail: map[string]any{"reason": reason, "count": n},
	})
}

// KnownFor is how long the cookie of a known browser lives.
func (s *Sessions) KnownFor() time.Duration { return s.known() }
