package db

import (
	"context"
	"sync/atomic"
)

type countKey struct{}

// Counted returns a context under which every statement is counted. It is how tests
// show that two paths do the same work, or no more than they should.
func Counted(ctx context.Context) (context.Context, *atomic.Int64) {
	n := &atomic.Int64{}
	return context.WithValue(ctx, countKey{}, n), n
}

func count(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
