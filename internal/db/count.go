package db

import (
	"context"
	"sync/atomic"
)

type countKey struct{}

// Counted returns a context under which every statement is counted. It is how tests
// show that two paths do the same work, or no more than they should. The loads of caches
// are left out.
func Counted(ctx context.Context) (context.Context, *atomic.Int64) {
	n := &atomic.Int64{}
	return context.WithValue(ctx, countKey{}, n), n
}

// uncounted is ctx with nothing counted under it: what a cache reads anew belongs to no
// one request, whichever of them found it stale.
func uncounted(ctx context.Context) context.Context {
	return context.WithValue(ctx, countKey{}, nil)
}

func count(ctx context.Context) {
	if n, ok := ctx.Value(countKey{}).(*atomic.Int64); ok {
		n.Add(1)
	}
}
