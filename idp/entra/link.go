package entra

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Link says whose account of a tenant it is. One person may have several.
type Link struct {
	Tenant    string // its id here
	OID       string // the account's id at Microsoft: the claim oid
	UserID    string
	UserName  string
	MadeBy    string // "cli:NAME", or "code" for one that the person made by a code
	CreatedAt time.Time
}

// What can be wrong with a link.
var (
	ErrLinked    = errors.New("the account is linked to somebody else already")
	ErrNotLinked = errors.New("the account is not linked to anybody")
)

// Links returns the links of a tenant in the order of people's names.
func (s *Tenants) Links(ctx context.Context, t Tenant) ([]Link, error) {
	rows, err := s.links(ctx, t.ID)
	if err != nil {
		return nil, fmt.Errorf("list Entra links: %w", err)
	}
	all := make([]Link, len(rows))
	for i, r := range rows {
		all[i] = Link{Tenant: t.ID, OID: r.OID, UserID: r.UserID, UserName: r.Name, MadeBy: r.MadeBy, CreatedAt: r.CreatedAt.Time}
	}
	return all, nil
}

// Link says that an account is a person's. Saying it again changes nothing; saying it of
// somebody else's returns ErrLinked.
func (s *Tenants) Link(ctx context.Context, t Tenant, oid, userID, by string) error {
	err := s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := s.LinkTx(tx, t, oid, userID, by)
		return err
	})
	if err != nil {
		return fmt.Errorf("link an Entra account: %w", err)
	}
	return nil
}

// LinkTx is Link in the caller's transaction. It reports whether anything changed.
func (s *Tenants) LinkTx(tx *db.Tx, t Tenant, oid, userID, by string) (changed bool, err error) {
	if oid, err = t.identifier("object id", oid); err != nil {
		return false, err
	}
	switch holder, err := holderTx(tx, t.ID, oid); {
	case err != nil:
		return false, err
	case holder == userID:
		return false, nil
	case holder != "":
		return false, fmt.Errorf("%s: %w", oid, ErrLinked)
	}
	now := s.now()
	if err := insertLinkTx(tx, Link{Tenant: t.ID, OID: oid, UserID: userID, MadeBy: by, CreatedAt: now}); err != nil {
		return false, err
	}
	return true, audit.Record(tx, audit.Entry{At: now, Action: "entra.linked", Subject: t.ID, User: userID, Client: t.Key(),
		Detail: map[string]any{"oid": oid, "by": by}})
}

// Unlink takes an account from its person. It returns ErrNotLinked for one that has none.
func (s *Tenants) Unlink(ctx context.Context, t Tenant, oid string) error {
	oid, err := t.identifier("object id", oid)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		holder, err := holderTx(tx, t.ID, oid)
		if err != nil {
			return err
		}
		if err := removeLinkTx(tx, t.ID, oid); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "entra.unlinked", Subject: t.ID, User: holder, Client: t.Key(), Detail: map[string]any{"oid": oid}})
	})
	if err != nil {
		return fmt.Errorf("unlink an Entra account: %w", err)
	}
	return nil
}
