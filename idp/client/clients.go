package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Clients reads and changes registrations. It keeps all of them in memory and reads
// them anew when any process changed one. It must not be copied.
type Clients struct {
	DB  *db.DB
	Now func() time.Time // nil means time.Now

	once  sync.Once
	cache *db.Cached[map[string]Client]
}

// Get returns the client of this id, or ErrNotFound if there never was one or it was
// removed. A client that was just added is found at once, a change is seen within
// the second.
func (s *Clients) Get(ctx context.Context, id string) (Client, error) {
	all, err := s.cached().Get(ctx)
	if err != nil {
		return Client{}, fmt.Errorf("read clients: %w", err)
	}
	c, known := all[id]
	if !known {
		if !idPattern.MatchString(id) {
			return Client{}, ErrNotFound
		}
		if c, err = findClient(ctx, s.DB, id); err != nil && !errors.Is(err, ErrNotFound) {
			return Client{}, fmt.Errorf("read client: %w", err)
		}
	}
	if err != nil || c.removed {
		return Client{}, ErrNotFound
	}
	return c, nil
}

// List returns all clients but the removed ones, in the order of their ids.
func (s *Clients) List(ctx context.Context) ([]Client, error) {
	all, err := loadClients(ctx, s.DB)
	if err != nil {
		return nil, fmt.Errorf("list clients: %w", err)
	}
	list := make([]Client, 0, len(all))
	for _, c := range all {
		if !c.removed {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Client) int { return strings.Compare(a.ID, b.ID) })
	return list, nil
}

func (s *Clients) cached() *db.Cached[map[string]Client] {
	s.once.Do(func() {
		s.cache = db.NewCached(s.DB, "clients", func(ctx context.Context) (map[string]Client, error) {
			return loadClients(ctx, s.DB)
		})
	})
	return s.cache
}

func (s *Clients) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// write runs a change. Raising the counter comes first: its row then makes all
// changes of clients wait for one another, so that each reads what the last one left.
func (s *Clients) write(ctx context.Context, change func(*db.Tx) error) error {
	return s.DB.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Bump("clients"); err != nil {
			return err
		}
		return change(tx)
	})
}

func (s *Clients) recordTx(tx *db.Tx, action, id string, detail map[string]any) error {
	return audit.Record(tx, audit.Entry{At: s.now(), Action: action, Subject: id, Client: id, Detail: detail})
}
