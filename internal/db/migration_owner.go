package db

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// Who migrates says so by a lease that it renews. Whoever comes second waits for as long
// as that goes on, and takes over from an owner that is dead.
const (
	schemaLease = "schema"
	ownerLife   = 10 * time.Second
	ownerBeat   = 3 * time.Second
	ownerPoll   = 250 * time.Millisecond
	ownerTells  = 10 * time.Second
)

// ownSchema waits for the right to migrate. release gives it back.
func (o Opener) ownSchema(ctx context.Context, d *DB) (release func(context.Context), err error) {
	host, _ := os.Hostname()
	me := fmt.Sprintf("process %d on %s (%s)", os.Getpid(), host, rand.Text()[:6])
	var told time.Time
	for {
		_, held, err := d.Lease(ctx, schemaLease, me, time.Now(), ownerLife)
		if err != nil && !lockedOut(err) {
			return nil, fmt.Errorf("take the schema's lease: %w", err)
		}
		if held {
			break
		}
		if owner := d.schemaOwner(ctx); deadHere(owner, host) {
			if err := d.disown(ctx, owner); err != nil {
				return nil, fmt.Errorf("take the schema's lease: %w", err)
			}
			continue
		}
		if now := time.Now(); now.Sub(told) > ownerTells {
			o.tell("waits while another nod migrates the database: %s", d.schemaOwner(ctx))
			told = now
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for the migration by %s: %w", d.schemaOwner(context.WithoutCancel(ctx)), ctx.Err())
		case <-time.After(ownerPoll):
		}
	}
	beat, stop := context.WithCancel(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-beat.Done():
				return
			case <-time.After(ownerBeat):
			}
			// A beat that fails is followed by another one before the lease runs out.
			_, _, _ = d.Lease(beat, schemaLease, me, time.Now(), ownerLife)
		}
	}()
	return func(ctx context.Context) {
		stop()
		<-stopped
		_ = d.disown(ctx, me) // a lease that could not be given back runs out
	}, nil
}

func (d *DB) disown(ctx context.Context, owner string) error {
	return d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec("UPDATE leases SET fence = fence + 1, holder = '', expires_at = 0 WHERE name = $1 AND holder = $2", schemaLease, owner)
		return err
	})
}

// deadHere reports whether an owner was a process of this host that is no more, so that
// its lease need not run out first. If that is an error, as between two containers of one
// name, two believe that it is their turn, and do nothing twice all the same.
func deadHere(owner, host string) bool {
	var pid int
	var where string
	if _, err := fmt.Sscanf(owner, "process %d on %s", &pid, &where); err != nil || where != host || pid <= 0 {
		return false
	}
	return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

// schemaOwner names who migrates, for messages.
func (d *DB) schemaOwner(ctx context.Context) string {
	var owner string
	if err := d.Get(ctx, &owner, "SELECT holder FROM leases WHERE name = $1", schemaLease); err != nil {
		return "another process"
	}
	return owner
}
