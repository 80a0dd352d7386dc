package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/nod-idp/nod/internal/db"
)

// ChangeKind says what becomes of a registration.
type ChangeKind string

// The kinds.
const (
	Added   ChangeKind = "added"
	Changed ChangeKind = "changed"
	Removed ChangeKind = "removed"
)

// Change is the difference between one registration and what is wanted of it.
type Change struct {
	ID     string
	Kind   ChangeKind
	Fields []FieldChange // in the order of their names
	// Secret is told this once, "" if none was made.
	Secret string
	// Ends is how many secrets end with the change.
	Ends int
}

// FieldChange is one setting of a registration, as the journal names and tells it.
type FieldChange struct {
	Name   string
	Before any // nil for a client that is added
	After  any // nil for one that is removed
}

// Wanted is the registrations that there are to be. What is left out of one gets its
// default, as in New.
type Wanted struct {
	Clients []New
	// Prune removes the clients that are not among them, for good.
	Prune bool
	// Also is done in the same transaction, at its end; nil does nothing more. Plan leaves
	// it out.
	Also func(tx *db.Tx) error
}

// errTried ends the transaction of Plan.
var errTried = errors.New("nothing was to be changed")

// Plan returns what Apply would do, in the order of the ids, and changes nothing. No
// secret is told.
func (s *Clients) Plan(ctx context.Context, w Wanted) ([]Change, error) {
	var plan []Change
	err := s.write(ctx, func(tx *db.Tx) (err error) {
		if plan, err = s.applyTx(tx, w); err != nil {
			return err
		}
		return errTried
	})
	if !errors.Is(err, errTried) {
		return nil, fmt.Errorf("compare clients: %w", err)
	}
	for i := range plan {
		plan[i].Secret = ""
	}
	return plan, nil
}

// Apply makes the registrations what is wanted, all of them or none, and returns what
// that changed. A client that needs a secret and has none gets one. The error is a
// *WantedError if one of the wanted clients is at fault.
func (s *Clients) Apply(ctx context.Context, w Wanted) ([]Change, error) {
	var changes []Change
	err := s.write(ctx, func(tx *db.Tx) (err error) {
		if changes, err = s.applyTx(tx, w); err != nil || w.Also == nil {
			return err
		}
		return w.Also(tx)
	})
	if err != nil {
		return nil, fmt.Errorf("apply clients: %w", err)
	}
	return changes, nil
}

// WantedError tells which of the wanted clients cannot be.
type WantedError struct {
	ID  string
	Err error // a *InvalidError, or ErrUsed
}

// Error names the client.
func (e *WantedError) Error() string { return fmt.Sprintf("client %q: %v", e.ID, e.Err) }

// Unwrap returns the reason.
func (e *WantedError) Unwrap() error { return e.Err }

func (s *Clients) applyTx(tx *db.Tx, w Wanted) (changes []Change, err error) {
	wanted := map[string]New{}
	for _, n := range w.Clients {
		if _, twice := wanted[n.ID]; twice {
			return nil, &WantedError{n.ID, &InvalidError{Field: "client_id", Value: n.ID, Reason: "it is there twice", Allowed: "each once"}}
		}
		wanted[n.ID] = n
	}
	for _, id := range slices.Sorted(maps.Keys(wanted)) {
		change, err := s.becomeTx(tx, wanted[id].client())
		if err != nil {
			return nil, &WantedError{id, err}
		}
		if change.Kind != "" {
			changes = append(changes, change)
		}
	}
	if w.Prune {
		removed, err := s.pruneTx(tx, wanted)
		if err != nil {
			return nil, err
		}
		changes = append(changes, removed...)
	}
	return changes, nil
}

// becomeTx adds a client, or makes the one there is like it. The change has no kind if
// there was nothing to do.
func (s *Clients) becomeTx(tx *db.Tx, c Client) (change Change, err error) {
	change.ID = c.ID
	if err := c.check(); err != nil {
		return change, err
	}
	before, err := findClientTx(tx, c.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		change.Kind, change.Fields = Added, fieldChanges(nil, c.settings())
		c.CreatedAt = db.At(s.now()).Time
		c.UpdatedAt = c.CreatedAt
		err = insertClient(tx, c)
	case err != nil:
	default:
		if change.Fields = fieldChanges(before.settings(), c.settings()); len(change.Fields) == 0 {
			return change, nil
		}
		change.Kind = Changed
		c.Issuer, c.CreatedAt, c.UpdatedAt, c.secrets = before.Issuer, before.CreatedAt, db.At(s.now()).Time, before.secrets
		err = updateClient(tx, c)
	}
	if err != nil {
		return change, err
	}
	if change.Secret, change.Ends, err = s.settleSecretsTx(tx, c); err != nil {
		return change, err
	}
	if change.Kind == Added {
		return change, s.recordTx(tx, "client.added", c.ID, c.settings())
	}
	return change, s.recordTx(tx, "client.changed", c.ID, difference(before.settings(), c.settings()))
}

// settleSecretsTx makes a secret where one is missing, and ends those that are worth
// nothing any more.
func (s *Clients) settleSecretsTx(tx *db.Tx, c Client) (secret string, ends int, err error) {
	switch {
	case !c.HasSecrets() && len(c.secrets) > 0:
		return "", len(c.secrets), deleteSecrets(tx, c.ID, 0)
	case c.HasSecrets() && len(c.secrets) == 0:
		fresh := s.newSecret()
		return fresh.text, 0, insertSecret(tx, c.ID, fresh.Secret)
	}
	return "", 0, nil
}

func (s *Clients) pruneTx(tx *db.Tx, wanted map[string]New) (changes []Change, err error) {
	ids, err := activeIDs(tx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		if _, stays := wanted[id]; stays {
			continue
		}
		before, err := findClientTx(tx, id)
		if err != nil {
			return nil, err
		}
		if err := s.removeTx(tx, id); err != nil {
			return nil, err
		}
		changes = append(changes, Change{ID: id, Kind: Removed, Fields: fieldChanges(before.settings(), nil), Ends: len(before.secrets)})
	}
	return changes, nil
}

// fieldChanges lists the settings that differ. Of a client that is added or removed all
// are listed that hold something.
func fieldChanges(before, after map[string]any) (all []FieldChange) {
	names := difference(before, after)
	maps.Copy(names, difference(after, before))
	for _, name := range slices.Sorted(maps.Keys(names)) {
		held := before[name]
		if before == nil {
			held = after[name]
		}
		one := FieldChange{Name: name, Before: before[name], After: after[name]}
		if before != nil && after != nil || !empty(held) {
			all = append(all, one)
		}
	}
	return all
}

func empty(value any) bool {
	v := reflect.ValueOf(value)
	return !v.IsValid() || v.IsZero() || v.Kind() == reflect.Slice && v.Len() == 0
}
