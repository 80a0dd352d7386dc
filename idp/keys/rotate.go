package keys

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/db"
)

// PublishAhead is how long a key is published before it signs, so that no client that caches the key set
// meets a token whose key it has not seen.
const PublishAhead = 24 * time.Hour

// ahead is how long this ring's keys are published before they sign.
func (r *Ring) ahead() time.Duration { return cmp.Or(r.Ahead, PublishAhead) }

// ErrNotReady is returned by [Ring.Activate] when there is no next key, or it was not published for long
// enough.
var ErrNotReady = errors.New("no next key has been published for long enough")

// Prepare publishes a next key for an algorithm and returns its kid. It may be called again; each call
// adds a key, and they become active in the order they were made.
func (r *Ring) Prepare(ctx context.Context, algorithm Algorithm) (kid string, err error) {
	line, err := r.fresh(algorithm, next)
	if err != nil {
		return "", fmt.Errorf("prepare signing key: %w", err)
	}
	err = r.DB.Write(ctx, func(tx *db.Tx) error {
		return r.insertTx(tx, line)
	})
	if err != nil {
		return "", fmt.Errorf("prepare signing key: %w", err)
	}
	return line.KID, nil
}

// Activate lets the next key of an algorithm sign, once it has been published for long enough, and
// retires the one before. Retired keys stay published until [Ring.Sweep].
func (r *Ring) Activate(ctx context.Context, algorithm Algorithm) error {
	err := r.DB.Write(ctx, func(tx *db.Tx) error {
		kid, err := r.readyTx(tx, algorithm, r.now().Add(-r.ahead()))
		if errors.Is(err, db.ErrNotFound) {
			return ErrNotReady
		}
		if err != nil {
			return err
		}
		return r.activateTx(tx, algorithm, kid)
	})
	if err != nil {
		return fmt.Errorf("activate signing key: %w", err)
	}
	return nil
}

// Replace is for a key that somebody else may have: every key of the algorithm is removed at once, next
// and retired ones too, and a new one signs from now on. What the old ones signed is refused as soon as
// clients read the key set again; until then they may refuse new tokens, which is the price. Of two nodes that replace it at once one
// key stays.
func (r *Ring) Replace(ctx context.Context, algorithm Algorithm) error {
	line, err := r.fresh(algorithm, active)
	if err != nil {
		return fmt.Errorf("replace signing key: %w", err)
	}
	err = r.DB.Write(ctx, func(tx *db.Tx) error {
		if err := r.removeAllTx(tx, algorithm); err != nil {
			return err
		}
		return r.insertTx(tx, line)
	})
	if err != nil {
		return fmt.Errorf("replace signing key: %w", err)
	}
	return nil
}

// RemoveTx removes every key, for an issuer that is no more.
func (r *Ring) RemoveTx(tx *db.Tx) error {
	for _, algorithm := range r.algorithms() {
		if err := r.removeAllTx(tx, algorithm); err != nil {
			return err
		}
	}
	return nil
}

// Sweep removes keys that were retired longer ago than anything they signed can live, and returns how
// many. life is the longest life of a token, clock differences included.
func (r *Ring) Sweep(ctx context.Context, life time.Duration) (removed int, err error) {
	err = r.DB.Write(ctx, func(tx *db.Tx) error {
		removed, err = r.removeRetiredTx(tx, r.now().Add(-life))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("sweep signing keys: %w", err)
	}
	return removed, nil
}
