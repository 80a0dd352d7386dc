package nodes

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/failpoint"
	"github.com/nod-idp/nod/migrations"
)

// Every start is killed in the middle of the next migration, until none is left. What was
// being done is undone, what was done stays, and the last start serves.
func TestKilledInEveryMigrationTheNextStartGoesOn(t *testing.T) {
	t.Parallel()
	all, err := migrations.Files.ReadDir("sqlite")
	if err != nil {
		t.Fatal(err)
	}
	nod, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	engines(t, func(t *testing.T, database string, _ int) {
		began, killed := time.Now(), 0
		for ; (killed == 0 || killed < *kills) && !late(t) && !t.Failed(); killed += len(all) {
			t.Run("", func(t *testing.T) { migrates(t, nod, database, len(all)) })
		}
		t.Logf("%d crashes in %s", killed, time.Since(began).Round(time.Second))
	})
}

func migrates(t *testing.T, nod, database string, migrations int) {
	data := t.TempDir()
	args := []string{"serve", "--listen", freeAddress(t), "--public-url", "http://localhost:1", "--data", data}
	if database != "" {
		empty(t, database)
		args = append(args, "--database", database)
	}
	for i := range migrations {
		cmd := exec.Command(nod, args...)
		// The one that the last start was killed in, and then the next.
		cmd.Env = append(os.Environ(), fmt.Sprintf("NOD_FAILPOINT=%s:%d", failpoint.MigrationUnfinished, min(i+1, 2)))
		late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
		out, err := cmd.CombinedOutput()
		if !late.Stop() || err == nil || !strings.Contains(err.Error(), "killed") {
			t.Fatalf("start %d was not killed in a migration: %v\n%s", i+1, err, out)
		}
	}
	c := form(t, database, settings{nodes: 1, data: data})
	l := newLedger()
	if err := c.person("alice", l).day(t.Context()); err != nil {
		t.Error(err)
	}
	l.check(t, c)
}

// empty takes everything out of a database.
func empty(t *testing.T, database string) {
	t.Helper()
	d, err := db.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	err = d.Write(t.Context(), func(tx *db.Tx) error {
		for _, statement := range []string{"DROP SCHEMA public CASCADE", "CREATE SCHEMA public"} {
			if _, err := tx.Exec(statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = d.Close()
}
