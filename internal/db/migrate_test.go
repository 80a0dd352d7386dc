package db_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/dbtest"
	"github.com/nod-idp/nod/migrations"
)

// next is today's schema and one migration more, in three steps.
func next(t *testing.T) fs.FS {
	t.Helper()
	schema := fstest.MapFS{}
	for _, engine := range []string{"sqlite", "postgres"} {
		paths, err := fs.Glob(migrations.Files, engine+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			text, err := fs.ReadFile(migrations.Files, path)
			if err != nil {
				t.Fatal(err)
			}
			schema[path] = &fstest.MapFile{Data: text}
		}
		schema[fmt.Sprintf("%s/%04d_made_up.sql", engine, len(paths)+1)] = &fstest.MapFile{Data: []byte(
			"CREATE TABLE made_up (id TEXT PRIMARY KEY);\n-- step: fill it\nINSERT INTO made_up (id) VALUES ('a');\n-- step\nINSERT INTO made_up (id) VALUES ('b');\n")}
	}
	return schema
}

// eachURL gives a test the address of a database with today's schema on each engine.
func eachURL(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "nod.db")
		d, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		test(t, path)
	})
	t.Run("postgres", func(t *testing.T) { test(t, dbtest.PostgresURL(t)) })
}

func TestAMigrationThatWasCutShortGoesOnAfterItsLastStep(t *testing.T) {
	for dies := range 3 {
		eachURL(t, func(t *testing.T, url string) {
			schema, died := next(t), errors.New("died")
			var done []int
			cut := db.Opener{URL: url}.Under(schema, func(_, step int) error {
				if done = append(done, step); step == dies {
					return died
				}
				return nil
			})
			if _, err := cut.Open(t.Context()); !errors.Is(err, died) || len(done) != dies+1 {
				t.Fatalf("got %v after steps %v", err, done)
			}
			d, err := db.Opener{URL: url}.Under(schema, nil).Open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			var rows, left int
			err = errors.Join(d.Get(t.Context(), &rows, "SELECT count(*) FROM made_up"),
				d.Get(t.Context(), &left, "SELECT count(*) FROM versions WHERE name LIKE 'migration%'"))
			if err != nil || rows != 2 || left != 0 {
				t.Errorf("dying after step %d: got %d rows and %d counters, %v", dies, rows, left, err)
			}
		})
	}
}

func TestManyStartersMigrateOnce(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		schema := next(t)
		var wg sync.WaitGroup
		for range 6 {
			wg.Go(func() {
				d, err := db.Opener{URL: url}.Under(schema, nil).Open(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				defer d.Close()
				var rows int
				if err := d.Get(t.Context(), &rows, "SELECT count(*) FROM made_up"); err != nil || rows != 2 {
					t.Errorf("got %d rows, %v", rows, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWhoComesSecondWaitsForTheOwnerAndTakesOverFromADeadOne(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		d := mustOpen(t, url)
		if _, _, err := d.Lease(t.Context(), "schema", "process 7 on elsewhere", time.Now(), 2*time.Second); err != nil {
			t.Fatal(err)
		}
		var told []string
		o := db.Opener{URL: url, Tell: func(s string) { told = append(told, s) }}.Under(next(t), nil)
		look, err := o.Look(t.Context())
		if err != nil || look.Owner != "process 7 on elsewhere" || len(look.Pending) != 1 || look.Newest+1 != look.Known {
			t.Errorf("got %+v, %v", look, err)
		}
		hurried, cancel := context.WithCancel(t.Context())
		defer cancel()
		impatient := o
		impatient.Tell = func(string) { cancel() }
		if _, err := impatient.Open(hurried); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "process 7 on elsewhere") {
			t.Errorf("who does not wait: got %v", err)
		}
		second, err := o.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if !strings.Contains(strings.Join(told, "\n"), "process 7 on elsewhere") {
			t.Errorf("told %q", told)
		}
	})
}

func TestALeaseOfADeadProcessOfThisHostIsNotWaitedFor(t *testing.T) {
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	eachURL(t, func(t *testing.T, url string) {
		d := mustOpen(t, url)
		owner := fmt.Sprintf("process %d on %s (x)", dead.Process.Pid, host)
		if _, _, err := d.Lease(t.Context(), "schema", owner, time.Now(), time.Hour); err != nil {
			t.Fatal(err)
		}
		second, err := db.Opener{URL: url}.Under(next(t), nil).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
	})
}

func TestABinaryGetsOnWithTheNextSchemaAndNoneBeyond(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		d, err := db.Opener{URL: url}.Under(next(t), nil).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		mustOpen(t, url)
		err = d.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO schema_migrations (number, name, checksum, applied_at)
				SELECT max(number) + 1, 'beyond', '', 0 FROM schema_migrations`)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Open(t.Context(), url); !errors.Is(err, db.ErrNewer) {
			t.Errorf("got %v, want ErrNewer", err)
		}
	})
}

func TestARehearsalChangesNothing(t *testing.T) {
	eachURL(t, func(t *testing.T, url string) {
		o := db.Opener{URL: url}.Under(next(t), nil)
		if took, err := o.Rehearse(t.Context()); err != nil || took == 0 {
			t.Errorf("got %v, %v", took, err)
		}
		if look, err := o.Look(t.Context()); err != nil || len(look.Pending) != 1 || look.Bytes == 0 {
			t.Errorf("got %+v, %v", look, err)
		}
		broken := next(t).(fstest.MapFS)
		for path, file := range broken {
			if strings.Contains(path, "made_up") {
				file.Data = append(file.Data, "-- step\nCREATE nonsense;"...)
				broken[path] = file
			}
		}
		if _, err := (db.Opener{URL: url}).Under(broken, nil).Rehearse(t.Context()); err == nil || !strings.Contains(err.Error(), "made_up") {
			t.Errorf("a migration that fails: got %v", err)
		}
	})
}

func TestSQLiteIsCopiedBeforeItIsMigrated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "nod.db")
	mustOpen(t, path)
	if found, _ := filepath.Glob(path + ".before-*"); len(found) != 0 {
		t.Errorf("a new database: got %v", found)
	}
	older := path + ".before-0003"
	if err := os.WriteFile(older, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := db.Opener{URL: path}.Under(next(t), nil).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	found, err := filepath.Glob(path + ".before-*")
	if err != nil || len(found) != 1 || found[0] == older {
		t.Fatalf("got %v, %v, want one copy", found, err)
	}
	look, err := db.Opener{URL: found[0]}.Look(t.Context())
	if info, _ := os.Stat(found[0]); err != nil || len(look.Pending) != 0 || look.Newest != look.Known || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: got %+v, %v, mode %v", look, err, info.Mode())
	}
}
