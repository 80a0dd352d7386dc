package entra

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/nod-idp/nod/idp/keys"
	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/outbound"
	"github.com/nod-idp/nod/internal/random"
	"github.com/nod-idp/nod/internal/seal"
	"github.com/nod-idp/nod/mfa/throttle"
)

// Tenants registers tenants and answers them. Its methods are safe for concurrent use. DB,
// Box and Epoch must be set; Logins, Guesses and Client only where people sign in.
type Tenants struct {
	DB        *db.DB
	Box       *seal.Box
	Epoch     int64
	PublicURL string // without a slash at its end
	Logins    Logins
	Guesses   *throttle.Guesses
	Client    *outbound.Client // fetches Entra's keys
	Bits      int              // of new keys; 0 means keys.DefaultBits
	Now       func() time.Time // nil means time.Now

	mu      sync.Mutex
	rings   map[string]*keys.Ring // by tenant
	sources map[string]*source    // of Entra's keys, by the address of their metadata
}

func (s *Tenants) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// Add registers a tenant and makes its key, which is published from then on. It returns
// ErrNameTaken, or an error that wraps ErrRefused and says what is wrong.
func (s *Tenants) Add(ctx context.Context, t Tenant) (Tenant, error) {
	t, err := t.check()
	if err != nil {
		return Tenant{}, err
	}
	switch _, err := s.ByName(ctx, t.Name); {
	case err == nil:
		return Tenant{}, fmt.Errorf("%q: %w", t.Name, ErrNameTaken)
	case !errors.Is(err, ErrNotFound):
		return Tenant{}, err
	}
	t.ID, t.CreatedAt = random.ID("ent"), db.At(s.now()).Time
	// The key first: a tenant without one could not be answered, a key without one harms nobody.
	if err := s.Ring(t).Start(ctx); err != nil {
		return Tenant{}, fmt.Errorf("make the key of an Entra tenant: %w", err)
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := insertTenantTx(tx, t); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: t.CreatedAt, Action: "entra.tenant.added", Subject: t.ID, Client: t.Key(), Detail: map[string]any{
			"name": t.Name, "tenant": t.TenantID, "app": t.AppID, "client": t.ClientID, "cloud": t.Cloud, "authority": t.Authority, "reply_url": t.Reply, "enrol": t.Enrol,
		}})
	})
	if err != nil {
		return Tenant{}, fmt.Errorf("add an Entra tenant: %w", err)
	}
	return t, nil
}

// Remove forgets a tenant with its keys, links and codes. Whoever is on the way to it is
// not let through any more.
func (s *Tenants) Remove(ctx context.Context, id string) error {
	t, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := removeTenantTx(tx, id); err != nil {
			return err
		}
		if err := s.Ring(t).RemoveTx(tx); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: s.now(), Action: "entra.tenant.removed", Subject: id, Client: t.Key(), Detail: map[string]any{"name": t.Name}})
	})
	if err != nil {
		return fmt.Errorf("remove an Entra tenant: %w", err)
	}
	return nil
}

// Get returns the tenant with this id, or ErrNotFound.
func (s *Tenants) Get(ctx context.Context, id string) (Tenant, error) {
	return s.find(ctx, func(t Tenant) bool { return t.ID == id })
}

// ByName returns the tenant that the administrator calls so, or ErrNotFound.
func (s *Tenants) ByName(ctx context.Context, name string) (Tenant, error) {
	return s.find(ctx, func(t Tenant) bool { return t.Name == name })
}

// find looks through all tenants: there are a handful.
func (s *Tenants) find(ctx context.Context, which func(Tenant) bool) (Tenant, error) {
	all, err := s.List(ctx)
	if err != nil {
		return Tenant{}, err
	}
	if i := slices.IndexFunc(all, which); i >= 0 {
		return all[i], nil
	}
	return Tenant{}, ErrNotFound
}

// List returns all tenants in the order of their names.
func (s *Tenants) List(ctx context.Context) ([]Tenant, error) {
	all, err := s.tenants(ctx)
	if err != nil {
		return nil, fmt.Errorf("list Entra tenants: %w", err)
	}
	return all, nil
}

// RollOver is how long a new key is published before it signs: Entra reads the keys once
// a day, and may take two.
const RollOver = 48 * time.Hour

// Ring is the keys that sign for a tenant.
func (s *Tenants) Ring(t Tenant) *keys.Ring {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rings == nil {
		s.rings = map[string]*keys.Ring{}
	}
	if s.rings[t.ID] == nil {
		s.rings[t.ID] = &keys.Ring{
			DB: s.DB, Box: s.Box, Issuer: t.Key(), Algorithms: []keys.Algorithm{keys.RS256}, Bits: s.Bits, Ahead: RollOver, Now: s.Now,
		}
	}
	return s.rings[t.ID]
}

// Sweep forgets codes that are over, at most limit of them, and returns how many. Keys
// that were published for long enough begin to sign, and those that nothing alive is
// signed with any more go.
func (s *Tenants) Sweep(ctx context.Context, limit int) (n int64, err error) {
	all, err := s.List(ctx)
	if err != nil {
		return 0, err
	}
	for _, t := range all {
		if err := s.Ring(t).Advance(ctx); err != nil {
			return 0, err
		}
		if _, err := s.Ring(t).Sweep(ctx, RollOver); err != nil {
			return 0, err
		}
	}
	err = s.DB.Write(ctx, func(tx *db.Tx) error {
		n, err = forgetCodesTx(tx, s.now(), limit)
		return err
	})
	return n, err
}
