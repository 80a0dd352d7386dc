package server

import (
	"context"
	"errors"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
)

// People tells the rooms that must not know idp what they need of a person.
type People struct{ Users *user.Users }

// Account returns the names that a device shows, or devices.ErrNoAccount.
func (p People) Account(ctx context.Context, userID string) (name, displayName string, err error) {
	u, err := p.Users.ByID(ctx, userID)
	if errors.Is(err, user.ErrNotFound) {
		err = devices.ErrNoAccount
	}
	return u.Name, u.DisplayName(), err
}

// ActiveTx reports whether the person may sign in.
func (p People) ActiveTx(tx *db.Tx, userID string) (bool, error) { return user.ActiveTx(tx, userID) }
