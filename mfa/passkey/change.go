package passkey

import (
	"context"
	"fmt"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/label"
)

// List returns the passkeys of a person, the oldest first, also those that were made for
// another host.
func (p *Passkeys) List(ctx context.Context, userID string) ([]Passkey, error) {
	list, err := p.list(ctx, userID)
	if err != nil {
		return nil, fmt.Errorf("list passkeys: %w", err)
	}
	return list, nil
}

// Usable reports whether a person has a passkey that works at this host.
func (p *Passkeys) Usable(ctx context.Context, userID string) (bool, error) {
	list, err := p.here(ctx, userID)
	if err != nil {
		return false, fmt.Errorf("look for passkeys: %w", err)
	}
	return len(list) > 0, nil
}

// Works reports whether a passkey was made for the present host.
func (p *Passkeys) Works(k Passkey) bool { return k.RPID == p.rpID() }

// Get returns a passkey of a person, or ErrNotFound.
func (p *Passkeys) Get(ctx context.Context, userID, id string) (Passkey, error) {
	return p.get(ctx, userID, id)
}

// Rename changes what the person calls a passkey.
func (p *Passkeys) Rename(ctx context.Context, userID, id, name string) error {
	name, err := clean(name)
	if err != nil {
		return err
	}
	return p.DB.Write(ctx, func(tx *db.Tx) error {
		if err := renameTx(tx, userID, id, name); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: p.now(), Action: "passkey.renamed", Subject: id, User: userID, Detail: map[string]any{"name": name}})
	})
}

// RemoveTx ends a passkey for good and returns what it was. The reason is one short word,
// such as "user" or "admin".
func (p *Passkeys) RemoveTx(tx *db.Tx, userID, id, reason string) (Passkey, error) {
	k, err := removeTx(tx, userID, id)
	if err != nil {
		return Passkey{}, err
	}
	return k, audit.Record(tx, audit.Entry{
		At: p.now(), Action: "passkey.removed", Subject: id, User: userID, Detail: map[string]any{"name": k.Name, "reason": reason},
	})
}

// GuardedTx reports whether the person has a passkey.
func GuardedTx(tx *db.Tx, userID string) (bool, error) { return anyTx(tx, userID) }

// clean returns the name as it is kept.
func clean(name string) (string, error) {
	if name, ok := label.Clean(name); ok {
		return name, nil
	}
	return "", ErrBadName
}
