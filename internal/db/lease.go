package db

import (
	"context"
	"time"
)

// Lease asks for the right to run a background job until now+life. It returns
// false while another holder has it. Jobs are safe when two run all the same; the
// lease only spares the work.
func (d *DB) Lease(ctx context.Context, name, holder string, now time.Time, life time.Duration) (held bool, err error) {
	err = d.Write(ctx, func(tx *Tx) error {
		n, err := tx.Exec(`INSERT INTO leases (name, holder, fence, expires_at) VALUES ($1, $2, 1, $3)
			ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = leases.fence + 1, expires_at = excluded.expires_at
			WHERE leases.holder = $2 OR leases.expires_at < $4`, name, holder, At(now.Add(life)), At(now))
		held = n == 1
		return err
	})
	if held = held && err == nil; held {
		d.leases.until.Store(name, now.Add(life))
	} else {
		d.leases.until.Delete(name)
	}
	return held, err
}

// ForgetLeases ends every lease: whoever holds one is no more.
func (t *Tx) ForgetLeases() error {
	_, err := t.Exec("DELETE FROM leases")
	return err
}
