package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// What a Ballast does if it is not told otherwise, in bytes.
const (
	ballastSize = 8 << 20
	lowWater    = 2 << 20  // less room than this is a full disk
	highWater   = 64 << 20 // and this is enough to take some of it away again
)

// Ballast is a file that only takes room, so that there is some to give when the disk is
// full: for the deletes by which a database makes room in itself, for the commands of the
// administrator, and for whoever signs in meanwhile. It is made anew when there is room
// again.
type Ballast struct {
	Dir   string
	Log   *slog.Logger
	Every time.Duration // between two looks at the disk; 0 means a second
	// Freed is told when the room was given, and may delete what is over; nil tells nobody.
	Freed func(context.Context)

	look func(string) (Volume, error) // nil means Look
	held atomic.Int64
	full atomic.Bool
}

// BallastName is the name of the file in its folder.
const BallastName = "ballast"

func (b *Ballast) path() string { return filepath.Join(b.Dir, BallastName) }

// Held is how many bytes are kept in reserve: 0 while the disk is full.
func (b *Ballast) Held() int64 {
	if b == nil {
		return 0
	}
	return b.held.Load()
}

// Full reports whether the reserve is used up and hardly any room is left.
func (b *Ballast) Full() bool { return b != nil && b.full.Load() }

// Run watches the disk until ctx ends. The file stays. A nil Ballast keeps nothing.
func (b *Ballast) Run(ctx context.Context) {
	if b == nil {
		return
	}
	every := b.Every
	if every == 0 {
		every = time.Second
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	if info, err := os.Stat(b.path()); err == nil {
		b.held.Store(info.Size())
	}
	for {
		b.keep(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// keep gives the room, or takes it, as the disk demands. What fails is tried again at the
// next look: with a full disk nothing here may be in the way of anything.
func (b *Ballast) keep(ctx context.Context) {
	look := b.look
	if look == nil {
		look = Look
	}
	v, err := look(b.Dir)
	if err != nil {
		return
	}
	b.full.Store(v.Free < lowWater && b.held.Load() == 0)
	switch held := b.held.Load(); {
	case held > 0 && v.Free < lowWater:
		if err := os.Remove(b.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
		b.held.Store(0)
		b.Log.Error("the disk is full: the reserve was given up, make room", "data", b.Dir, "free_mib", v.Free>>20, "given_mib", held>>20)
		if b.Freed != nil {
			b.Freed(ctx)
		}
	case held < ballastSize && v.Free >= highWater:
		if err := b.fill(ctx); err != nil {
			_ = os.Remove(b.path())
			return
		}
		b.held.Store(ballastSize)
		b.Log.Info("room is kept in reserve for a full disk", "data", b.Dir, "mib", ballastSize>>20)
	}
}

// fill writes the file. Its bytes are random, since file systems that compress, or leave
// holes out, would keep no room for anything else.
func (b *Ballast) fill(ctx context.Context) error {
	f, err := os.OpenFile(b.path(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.NewChaCha8([32]byte{}), ballastSize)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close(), ctx.Err())
}
