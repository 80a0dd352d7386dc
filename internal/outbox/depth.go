package outbox

import (
	"context"
	"fmt"
	"time"
)

// Depth is how much waits.
type Depth struct {
	Waiting int
	Oldest  time.Time // when the oldest of them was put here, zero if none waits
	Dead    int       // given up within the last week and not tried again
}

// Depth reads how much waits.
func (o *Outbox) Depth(ctx context.Context) (Depth, error) {
	waiting, oldest, dead, err := o.readDepth(ctx)
	if err != nil {
		return Depth{}, fmt.Errorf("read the depth of the outbox: %w", err)
	}
	return Depth{Waiting: waiting, Oldest: oldest.Time, Dead: dead}, nil
}
