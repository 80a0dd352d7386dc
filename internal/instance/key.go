package instance

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/seal"
)

// ErrKeyMissing is told to a server that lacks the sealing key which is in force.
var ErrKeyMissing = errors.New("the sealing key was changed, and the new one is not in the key file")

// versionCounter counts changes of the sealing key.
const versionCounter = "sealing"

// TakeKey makes a key of the ring the one that seals, here and soon in every process that
// follows. From then on the canary is sealed under it, which is what says so. Two that do
// it at once end up with the same key or an error.
func (in *Instance) TakeKey(ctx context.Context, d *db.DB, key *seal.Key, now time.Time) error {
	ring := in.Box.Ring()
	former := ring.Sealing()
	r, err := read(ctx, d)
	if err != nil {
		return fmt.Errorf("change the sealing key: %w", err)
	}
	root, err := in.Box.Open(place("root"), r.Root)
	if err != nil {
		return fmt.Errorf("change the sealing key: %w", err)
	}
	fresh := seal.NewBox(in.ID, key)
	canary := fresh.Seal(place("canary"), canaryText)
	err = d.Write(ctx, func(tx *db.Tx) error {
		if err := tx.Must(db.ErrNotFound, "UPDATE instance SET canary = $1, root = $2 WHERE one = 1 AND canary = $3",
			canary, fresh.Seal(place("root"), root), r.Canary); err != nil {
			return err
		}
		if err := tx.Bump(versionCounter); err != nil {
			return err
		}
		return audit.Record(tx, audit.Entry{At: now, Action: "instance.key.changed", Subject: in.ID,
			Detail: map[string]any{"from": former.ID(), "to": key.ID()}})
	})
	if err != nil {
		return fmt.Errorf("change the sealing key: %w", err)
	}
	return ring.Use(canary)
}

// followEvery is how soon a process seals under a new key: a little after it is announced.
const followEvery = 250 * time.Millisecond

// Follow seals under whichever key is in force, until ctx ends. told is called with
// ErrKeyMissing, or nil, whenever that changes.
func (in *Instance) Follow(ctx context.Context, d *db.DB, told func(error)) {
	ring := in.Box.Ring()
	key := db.NewCached(d, versionCounter, func(ctx context.Context) (struct{}, error) {
		r, err := read(ctx, d)
		if err == nil {
			err = ring.Use(r.Canary)
		}
		return struct{}{}, err
	})
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	missing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := key.Get(ctx)
		switch lacks := errors.Is(err, seal.ErrWrongKey); {
		case err != nil && !lacks: // the next look may succeed
		case lacks && !missing:
			missing = true
			told(ErrKeyMissing)
		case !lacks && missing:
			missing = false
			told(nil)
		}
	}
}
