package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
)

// newestGolden is the golden database of the last release.
func newestGolden(t *testing.T, engine db.Engine) (golden, config.Place) {
	t.Helper()
	folders, err := filepath.Glob("testdata/golden/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no golden databases: %v", err)
	}
	return openGolden(t, folders[len(folders)-1], engine)
}

// Everything goes on after a move to the other engine: the login that waits, the session,
// the tokens, the same devices, the journal.
func TestEverythingGoesOnAfterAMoveToTheOtherEngine(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run("from "+string(engine), func(t *testing.T) {
			t.Parallel()
			g, place := newestGolden(t, engine)
			from, to := place.Data, dbtest.PostgresURL(t)
			moved := config.Place{Data: place.Data, Database: to}
			if engine == db.Postgres {
				from, to = place.Database, filepath.Join(t.TempDir(), "moved")
				moved = config.Place{Data: to, SealingKeyFile: place.KeyFile()}
			}
			nod, err := binary()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(nod, "database", "copy", "--from", from, "--to", to, "--json")
			var errs strings.Builder
			cmd.Stderr = &errs
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, errs.String())
			}
			var told struct {
				Rows   int64
				Tables []struct {
					Table string
					Rows  int64
				}
			}
			if err := json.Unmarshal(out, &told); err != nil || told.Rows < 100 || len(told.Tables) < 40 || !strings.Contains(errs.String(), "users: 3 rows") {
				t.Errorf("got %s, %v, and %s", out, err, errs.String())
			}
			if out, err := exec.Command(nod, "database", "copy", "--from", from, "--to", to).CombinedOutput(); err == nil || !strings.Contains(string(out), "holds an installation already") {
				t.Errorf("into what is not empty: got %v, %s", err, out)
			}
			g.servesOn(t, moved)
		})
	}
}

func TestNothingIsMovedFromUnderAServer(t *testing.T) {
	i := install(t)
	i.start()
	to := filepath.Join(t.TempDir(), "to")
	_, err := i.run("", "database", "copy", "--from", i.data, "--to", to)
	if err == nil || !strings.Contains(err.Error(), "another nod serve") || !strings.Contains(err.Error(), "process") {
		t.Errorf("got %v, want a refusal that names the process", err)
	}
	if _, err := os.Stat(to); err == nil {
		t.Error("the target was begun")
	}
	onPostgres := start(t, dbtest.PostgresURL(t))
	_, err = i.run("", "database", "copy", "--from", onPostgres.s.Options.Place.Database, "--to", to)
	if err == nil || !strings.Contains(err.Error(), "a nod serve runs on this database") {
		t.Errorf("PostgreSQL: got %v", err)
	}
	var status struct {
		Engine        string
		Newest, Known int
		Pending       []string
		FileSystem    string `json:"file_system"`
	}
	i.must(&status, "", "database", "status", "--data", i.data, "--json")
	if status.Engine != "sqlite" || status.Newest != status.Known || len(status.Pending) != 0 || status.FileSystem == "" {
		t.Errorf("got %+v", status)
	}
	for _, args := range [][]string{{"--dry-run"}, nil} {
		out, err := i.run("", append([]string{"database", "migrate", "--data", i.data}, args...)...)
		if err != nil || !strings.Contains(out, "Nothing was pending") {
			t.Errorf("got %q, %v", out, err)
		}
	}
	if _, err := i.run("", "database", "status", "--data", to); err == nil || !strings.Contains(err.Error(), "no nod installation") {
		t.Errorf("got %v", err)
	}
}
