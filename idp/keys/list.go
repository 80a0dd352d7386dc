package keys

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// State is what a key is used for at present, see the package comment.
type State string

// The states.
const (
	Next    State = next
	Active  State = active
	Retired State = retired
)

// Info is what may be told of a key. The times that have not come are zero.
type Info struct {
	KID         string
	Algorithm   Algorithm
	State       State
	CreatedAt   time.Time
	ActivatedAt time.Time
	RetiredAt   time.Time

	ahead time.Duration
}

// ReadyAt is when a next key may begin to sign.
func (i Info) ReadyAt() time.Time { return i.CreatedAt.Add(i.ahead) }

// List returns all keys of the issuer in the order of their algorithms, the oldest first.
func (r *Ring) List(ctx context.Context) ([]Info, error) {
	lines, err := r.infos(ctx)
	if err != nil {
		return nil, fmt.Errorf("list signing keys: %w", err)
	}
	list := make([]Info, len(lines))
	for i, l := range lines {
		list[i] = Info{l.KID, l.Algorithm, l.State, l.CreatedAt.Time, l.ActivatedAt.Time, l.RetiredAt.Time, r.ahead()}
	}
	return list, nil
}

// Rotate sees to it that a next key of an algorithm is published, and returns the one that
// will sign: one that was made before, or a new one. [Ring.Advance] does the rest.
func (r *Ring) Rotate(ctx context.Context, algorithm Algorithm) (Info, error) {
	find := func() (Info, bool, error) {
		all, err := r.List(ctx)
		for _, i := range all {
			if i.Algorithm == algorithm && i.State == Next {
				return i, true, err
			}
		}
		return Info{}, false, err
	}
	if i, found, err := find(); found || err != nil {
		return i, err
	}
	if _, err := r.Prepare(ctx, algorithm); err != nil {
		return Info{}, err
	}
	i, _, err := find()
	return i, err
}

// Advance lets the next keys sign that were published for long enough. It is called by
// one node every now and then.
func (r *Ring) Advance(ctx context.Context) error {
	all, err := r.List(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.State != Next || r.now().Before(i.ReadyAt()) {
			continue
		}
		if err := r.Activate(ctx, i.Algorithm); err != nil && !errors.Is(err, ErrNotReady) {
			return err
		}
	}
	return nil
}

type infoRow struct {
	KID         string    `db:"kid"`
	Algorithm   Algorithm `db:"algorithm"`
	State       State     `db:"state"`
	CreatedAt   db.Time   `db:"created_at"`
	ActivatedAt db.Time   `db:"activated_at"`
	RetiredAt   db.Time   `db:"retired_at"`
}
