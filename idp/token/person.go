package token

import (
	"context"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// Offline is a client that may use a person's account while the person is away.
type Offline struct {
	ClientID string
	Since    time.Time // of the oldest grant
	UsedAt   time.Time // when it last got a refresh token
}

// Offline returns the clients that hold a refresh token about a person which works at
// present, in the order of their ids.
func (t *Tokens) Offline(ctx context.Context, userID string) ([]Offline, error) {
	rows, err := t.offlineOf(ctx, userID, t.now())
	if err != nil {
		return nil, fmt.Errorf("list offline grants: %w", err)
	}
	list := make([]Offline, len(rows))
	for i, r := range rows {
		list[i] = Offline{ClientID: r.ClientID, Since: r.Since.Time, UsedAt: r.UsedAt.Time}
	}
	return list, nil
}

// ClientsBySession counts the clients that a person signed in to, by the SID of the
// session. Codes are remembered for a day, which is longer than a session lives by
// default.
func (t *Tokens) ClientsBySession(ctx context.Context, userID string) (map[string]int, error) {
	rows, err := t.clientsBySession(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("count clients of sessions: %w", err)
	}
	counts := make(map[string]int, len(rows))
	for _, r := range rows {
		counts[r.SID] = r.Clients
	}
	return counts, nil
}

// RevokePersonTx takes back everything that one client was given about one person, codes
// that it has not redeemed among them. It returns ErrNone if nothing was granted.
func (t *Tokens) RevokePersonTx(tx *db.Tx, userID, clientID, reason string) error {
	if err := t.voidCodes(tx, userID, clientID, t.now()); err != nil {
		return fmt.Errorf("void codes: %w", err)
	}
	all, err := t.setPersonRevoked(tx, userID, clientID, reason, t.now())
	if err == nil && len(all) == 0 {
		return ErrNone
	}
	return t.recordAllTx(tx, all, reason, err)
}
