package nodes

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
)

// A restore that is killed at any moment leaves what was there before, or everything that it
// was to bring, and the next start says which. Bob came after the backup.
func TestKilledInARestoreEverythingIsAsBeforeOrNew(t *testing.T) {
	t.Parallel()
	engines(t, func(t *testing.T, database string, _ int) {
		c := form(t, database, settings{nodes: 1})
		if err := c.person("alice", newLedger()).day(t.Context()); err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "nod.backup")
		var made struct{ Tables int }
		c.verb("", &made, "backup", file)
		c.verb(passphrase+"\n", nil, "user", "add", "bob", "--password-stdin")
		n := c.nodes[0]
		n.stop()
		// Table by table and committed, first aside to be verified, then in earnest; a file has
		// three steps more.
		verified, commit := made.Tables+1, 2*(made.Tables+1)
		counts := []int{1, verified, verified + 1, commit - 1, commit}
		if database == "" {
			counts = append(counts, commit+1, commit+2, commit+3)
		}
		round := 0
		each(t, counts, func(count int) {
			c.dies(failpoint.RestoreUnfinished, count, "restore", "--replace", "--yes", file)
			want := "alice bob"
			if count == commit+3 {
				want = "alice"
			}
			if round++; round <= len(counts) {
				said := n.log.size()
				n.start()
				n.await()
				stopped := database == "" && want != "alice" && count > verified
				if told := strings.Contains(n.log.since(said), "a restore was stopped"); told != stopped {
					t.Errorf("killed at %d: the server says %q", count, n.log.since(said))
				}
				n.stop()
			}
			if got := c.names(); got != want {
				t.Errorf("killed at %d: got %s, want %s", count, got, want)
			}
			if want == "alice" {
				c.verb(passphrase+"\n", nil, "user", "add", "bob", "--password-stdin")
			}
			c.forget()
		})
		c.verb("", nil, "restore", "--replace", "--yes", file)
		if got := c.names(); got != "alice" {
			t.Errorf("after a restore to its end: got %s, want alice", got)
		}
		c.verb("", nil, "audit", "verify")
		n.start()
		n.await()
	})
}

// names are those of the people there are.
func (c *cluster) names() string {
	c.t.Helper()
	var people []struct{ Name string }
	c.verb("", &people, "user", "list")
	var names []string
	for _, p := range people {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

// forget deletes the databases that were replaced.
func (c *cluster) forget() {
	former, err := filepath.Glob(filepath.Join(c.nodes[0].data, "nod.db.before-*"))
	if err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(c.nodes[0].data, "nod.db")
	if _, err := db.Settle(path); err != nil {
		c.t.Fatal(err)
	}
	for _, f := range former {
		if err := db.RemoveFiles(f); err != nil {
			c.t.Fatal(err)
		}
	}
}

// Where nothing was before, a restore that was killed is no reason to begin with nothing.
func TestKilledInARestoreIntoNothingNoEmptyInstallationBegins(t *testing.T) {
	t.Parallel()
	c := form(t, "", settings{nodes: 1})
	file := filepath.Join(t.TempDir(), "nod.backup")
	c.verb("", nil, "backup", file)
	n := c.nodes[0]
	n.stop()
	path := filepath.Join(n.data, "nod.db")
	if err := db.RemoveFiles(path); err != nil {
		t.Fatal(err)
	}
	var made struct{ Tables int }
	c.verb("", &made, "backup", "verify", file)
	c.dies(failpoint.RestoreUnfinished, 2*made.Tables+1, "restore", file)
	for _, args := range [][]string{
		{"serve", "--listen", n.address, "--public-url", c.url},
		{"user", "add", "mallory", "--generate"},
		{"user", "list"},
	} {
		cmd := exec.Command(c.nod, append(args, c.place()...)...)
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		out, err := cmd.CombinedOutput()
		late.Stop()
		if err == nil || !strings.Contains(string(out), `Run "nod restore" again`) {
			t.Errorf("nod %s: got %v, %s, want advice to restore again", args[0], err, out)
		}
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty installation was begun: %v", err)
	}
	c.verb("", nil, "restore", file)
	n.start()
	n.await()
}
