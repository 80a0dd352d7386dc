package db

import (
	"context"
	"sync"
)

func versionTopic(name string) string { return "version:" + name }

// Cached keeps a value made from rows in memory and makes it anew after a write
// bumped its version counter, in whichever process. Revocation and the state of a
// person are never kept this way.
type Cached[T any] struct {
	db   *DB
	load func(context.Context) (T, error)
	sub  *Subscription

	mu    sync.Mutex
	fresh bool
	value T
}

// NewCached makes a cache for the version counter name. load is called at the
// first Get and after every change.
func NewCached[T any](d *DB, name string, load func(context.Context) (T, error)) *Cached[T] {
	return &Cached[T]{db: d, load: load, sub: d.Subscribe(versionTopic(name))}
}

// Get returns the value, loading it if it was never loaded or has changed. While
// one caller loads, the others wait for him.
func (c *Cached[T]) Get(ctx context.Context) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.sub.C:
		c.fresh = false
	default:
	}
	if c.fresh {
		return c.value, nil
	}
	value, err := c.load(uncounted(context.WithoutCancel(ctx)))
	if err != nil {
		var none T
		return none, err
	}
	c.value, c.fresh = value, true
	return value, nil
}
