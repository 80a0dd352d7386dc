// Package ruleset keeps the rules of the policy that an administrator applied to the
// installation, so that every node has the same. They are kept in the words they were
// written in: what those mean is known by whoever reads configuration, and what follows from
// them by mfa.
package ruleset

import (
	"context"
	"time"

	"github.com/nod-idp/nod/internal/audit"
	"github.com/nod-idp/nod/internal/db"
)

// Rulesets is the place where the rules are kept.
type Rulesets struct {
	DB  *db.DB
	Now func() time.Time // nil means time.Now
}

// Applied are rules as they were written. Where none were applied each node goes by its own
// configuration.
type Applied struct {
	There bool
	Text  string // a list in YAML; an empty list means that there are no rules
}

// versionCounter tells every process that other rules were applied.
const versionCounter = "policy"

func (r *Rulesets) now() time.Time {
	if r.Now == nil {
		return time.Now()
	}
	return r.Now()
}

// Get returns what was applied last.
func (r *Rulesets) Get(ctx context.Context) (Applied, error) { return read(ctx, r.DB) }

// ReplaceTx puts other rules in the place of those before, or takes them away. difference
// says in a few words what that changes, for the journal.
func (r *Rulesets) ReplaceTx(tx *db.Tx, a Applied, difference []string) error {
	store := deleteTx
	if a.There {
		store = func(tx *db.Tx) error { return upsertTx(tx, a.Text, r.now()) }
	}
	if err := store(tx); err != nil {
		return err
	}
	if err := tx.Bump(versionCounter); err != nil {
		return err
	}
	return audit.Record(tx, audit.Entry{At: r.now(), Action: "policy.replaced", Detail: map[string]any{"changes": difference}})
}

// followEvery is how often what was heard of changes is looked at.
const followEvery = 250 * time.Millisecond

// Follow calls changed with what is applied now, and again after every change, until ctx
// ends. What cannot be read is read at the next look.
func (r *Rulesets) Follow(ctx context.Context, changed func(Applied)) {
	cached := db.NewCached(r.DB, versionCounter, r.Get)
	var last *Applied
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		if now, err := cached.Get(ctx); err == nil && (last == nil || *last != now) {
			last = &now
			changed(now)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
