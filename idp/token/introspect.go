package token

import (
	"context"
	"errors"
	"fmt"

	"github.com/nod-idp/nod/idp/client"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/random"
)

// Kind says what kind of token was asked about.
type Kind string

// The kinds of tokens that can be introspected and revoked (RFC 7009, section 2.1).
const (
	KindAccess  Kind = "access_token"
	KindRefresh Kind = "refresh_token"
)

// Introspect tells a client about a token (RFC 7662), or returns ErrNone, which is
// what the client sees as inactive. Access tokens may be asked about by every client
// that authenticated itself: it was given the token, and could use it as well.
// Refresh tokens only by the client they were issued to, and only while they can be
// used.
func (t *Tokens) Introspect(ctx context.Context, c client.Client, token string) (Access, Kind, error) {
	if !random.WellFormed(refreshPrefix, token) {
		found, err := t.Access(ctx, token)
		return found, KindAccess, err
	}
	found, err := t.liveRefresh(ctx, token, c.ID, t.now())
	if errors.Is(err, db.ErrNotFound) {
		return Access{}, KindRefresh, ErrNone
	}
	if err != nil {
		return Access{}, KindRefresh, fmt.Errorf("introspect: %w", err)
	}
	return found, KindRefresh, nil
}
