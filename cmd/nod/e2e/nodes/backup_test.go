package nodes

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/failpoint"
)

// each tries every one of the counts at which a command is killed, and then any, as often
// as -kills says. The last one is the highest there is.
func each(t *testing.T, counts []int, try func(count int)) {
	t.Helper()
	began, n := time.Now(), 0
	for ; (n < len(counts) || n < *kills) && !late(t); n++ {
		count := 1 + rand.IntN(slices.Max(counts))
		if n < len(counts) {
			count = counts[n]
		}
		if try(count); t.Failed() {
			return
		}
	}
	t.Logf("%d crashes in %s", n, time.Since(began).Round(time.Second))
}

// dies runs a command that is killed when it comes to a point for the count-th time.
func (c *cluster) dies(point string, count int, args ...string) {
	c.t.Helper()
	cmd := exec.Command(c.nod, append(args, c.place()...)...)
	cmd.Env = append(os.Environ(), fmt.Sprintf("NOD_FAILPOINT=%s:%d", point, count))
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
		c.t.Fatalf("nod %s was not killed at %d: %v\n%s", args[0], count, err, out)
	}
}

// A backup that is killed at any moment leaves the one before as it was, and the next one
// removes what lies about.
func TestKilledInABackupTheOneBeforeStays(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, database string, _ int) {
		c := form(t, database, settings{nodes: 1})
		if err := c.person("alice", newLedger()).day(t.Context()); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "nod.backup")
		var first struct{ Tables int }
		c.verb("", &first, "backup", path)
		before := read(t, path)
		each(t, []int{1, first.Tables / 2, first.Tables, first.Tables + 1}, func(point int) {
			c.dies(failpoint.BackupUnfinished, point, "backup", "--force", path)
			if !bytes.Equal(read(t, path), before) {
				t.Errorf("killed at %d: the backup before has changed", point)
			}
		})
		c.verb("", nil, "backup", "verify", path)
		c.verb("", nil, "backup", "--force", path)
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("got %v, %v, want the backup alone", left, err)
		}
	})
}
