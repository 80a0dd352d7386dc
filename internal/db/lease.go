package db

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrFenced is returned to whoever writes under a lease that somebody else has by now.
var ErrFenced = errors.New("another holder has the lease")

// Lease is the right to run a background job. Jobs are safe when two run all the same; the
// lease spares the work, and its fence keeps out whoever stood still for too long: what is
// written under Guard is refused once another holder was let in.
type Lease struct {
	Name  string
	Fence int64 // grows with each change of the holder
}

// Lease asks for the right to run a background job until now+life. held is false while
// another holder has it. Whoever has it and asks again keeps the fence.
func (d *DB) Lease(ctx context.Context, name, holder string, now time.Time, life time.Duration) (l Lease, held bool, err error) {
	l.Name = name
	err = d.Write(ctx, func(tx *Tx) error {
		err := tx.Get(&l.Fence, `INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at,
			fence = leases.fence + CASE WHEN leases.holder = excluded.holder THEN 0 ELSE 1 END
			WHERE leases.holder = excluded.holder OR leases.expires_at < $4
			RETURNING fence`, name, holder, At(now.Add(life)), At(now))
		held = err == nil
		if errors.Is(err, ErrNotFound) {
			err = nil
		}
		return err
	})
	if held = held && err == nil; held {
		d.leases.until.Store(name, now.Add(life))
	} else {
		d.leases.until.Delete(name)
	}
	return l, held, err
}

type guardKey struct{}

// Guard makes every Write under the context that it returns conditional on the lease: it
// fails with ErrFenced, and changes nothing, once another holder was let in. Until it is
// durable nobody else is.
func (l Lease) Guard(ctx context.Context) context.Context {
	return context.WithValue(ctx, guardKey{}, l)
}

// guarded adds the condition of the context's lease to what is written.
func guarded(ctx context.Context, fn func(tx *Tx) error) func(tx *Tx) error {
	l, ok := ctx.Value(guardKey{}).(Lease)
	if !ok {
		return fn
	}
	return func(tx *Tx) error {
		if err := tx.Must(ErrFenced, "UPDATE leases SET fence = fence WHERE name = $1 AND fence = $2", l.Name, l.Fence); err != nil {
			return fmt.Errorf("job %s: %w", l.Name, err)
		}
		return fn(tx)
	}
}

// ForgetLeases ends every lease: whoever holds one is no more.
func (t *Tx) ForgetLeases() error {
	_, err := t.Exec("UPDATE leases SET fence = fence + 1, holder = '', expires_at = 0")
	return err
}
