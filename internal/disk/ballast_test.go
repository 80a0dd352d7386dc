package disk

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
)

func TestTheReserveIsGivenOnceAndTakenAgain(t *testing.T) {
	var free uint64
	var given int
	log := &strings.Builder{}
	b := &Ballast{
		Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(log, nil)), Freed: func(context.Context) { given++ },
		look: func(string) (Volume, error) { return Volume{Free: free}, nil },
	}
	size := func() int64 {
		info, err := os.Stat(b.path())
		if err != nil {
			return 0
		}
		return info.Size()
	}
	for _, step := range []struct {
		says  string
		free  uint64
		held  int64
		given int
		full  bool
	}{
		{"little room at the start: none is taken", highWater - 1, 0, 0, false},
		{"a full disk, with nothing to give", 0, 0, 0, true},
		{"enough room", highWater, ballastSize, 0, false},
		{"less, but some", lowWater, ballastSize, 0, false},
		{"a full disk", lowWater - 1, 0, 1, false},
		{"it is full again, and there is nothing left", 0, 0, 1, true},
		{"some room, which others shall have", highWater - 1, 0, 1, false},
		{"enough room again", highWater, ballastSize, 1, false},
	} {
		free = step.free
		b.keep(t.Context())
		if b.Held() != step.held || size() != step.held || given != step.given || b.Full() != step.full {
			t.Errorf("%s: got %d bytes held, a file of %d, given %d times, full: %t", step.says, b.Held(), size(), given, b.Full())
		}
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 1 {
		t.Errorf("got %d errors in the log, want 1: %s", n, log)
	}
}

// A process that was killed while it wrote the file leaves less than there should be.
func TestAReserveOfThePastIsFoundAndFilledUp(t *testing.T) {
	free := uint64(lowWater)
	b := &Ballast{Dir: t.TempDir(), Log: slog.New(slog.DiscardHandler), look: func(string) (Volume, error) { return Volume{Free: free}, nil }}
	if err := os.WriteFile(b.path(), make([]byte, 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	over, end := context.WithCancel(t.Context())
	end()
	b.Run(over)
	if b.Held() != 1000 {
		t.Errorf("got %d bytes, want those that were there", b.Held())
	}
	free = highWater
	b.keep(t.Context())
	if b.Held() != ballastSize {
		t.Errorf("got %d bytes", b.Held())
	}
}

func TestWithoutABallastNothingIsHeld(t *testing.T) {
	var none *Ballast
	none.Run(t.Context())
	if none.Held() != 0 || none.Full() {
		t.Error("got something")
	}
}
