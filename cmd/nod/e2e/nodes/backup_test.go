package nodes

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/internal/failpoint"
)

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
		for _, point := range []int{1, first.Tables / 2, first.Tables, first.Tables + 1} {
			cmd := exec.Command(c.nod, append([]string{"backup", "--force", path}, c.place()...)...)
			cmd.Env = append(os.Environ(), fmt.Sprintf("NOD_FAILPOINT=%s:%d", failpoint.BackupUnfinished, point))
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(err.Error(), "killed") {
				t.Fatalf("the backup was not killed at %d: %v\n%s", point, err, out)
			}
			if !bytes.Equal(read(t, path), before) {
				t.Errorf("killed at %d: the backup before has changed", point)
			}
		}
		c.verb("", nil, "backup", "verify", path)
		c.verb("", nil, "backup", "--force", path)
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("got %v, %v, want the backup alone", left, err)
		}
	})
}
