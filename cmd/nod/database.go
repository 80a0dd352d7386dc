package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/disk"
)

func newDatabaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "database",
		Short: "Look at the database's schema, bring it up to date, move to another engine",
		Long: `Look at the database's schema, bring it up to date, move to another engine.

Every command that opens the database brings it up to date first; these look before,
rehearse, and move all of it between SQLite and PostgreSQL.`,
		Example: "  nod database status\n  nod database migrate --dry-run\n  nod database copy --from ./data --to postgres://nod@localhost/nod",
	}
	cmd.AddCommand(newDatabaseStatusCommand(), newDatabaseMigrateCommand(), newDatabaseCopyCommand())
	return bindPlace(cmd)
}

// aloud says on stderr what opening a database does that takes time.
func aloud(cmd *cobra.Command) func(string) {
	return func(sentence string) { fmt.Fprintln(cmd.ErrOrStderr(), "nod "+sentence+".") }
}

// onDatabase runs do with the database that the configuration names, unopened.
func onDatabase(do func(cmd *cobra.Command, o db.Opener) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, _ []string) error {
		c, err := config.LoadForVerb(cmd.Flags(), os.Environ())
		if err != nil {
			return err
		}
		if c.Database == "" {
			if there, err := exists(c.DatabaseAddress()); err != nil || !there {
				return noInstallation(c, err)
			}
		}
		return do(cmd, db.Opener{URL: c.DatabaseAddress(), Tell: aloud(cmd)})
	}
}

func newDatabaseStatusCommand() *cobra.Command {
	return bindJSON(&cobra.Command{
		Use:     "status",
		Short:   "Say which schema the database has, and what is pending",
		Example: "  nod database status --json",
		Args:    arguments(),
		RunE: onDatabase(func(cmd *cobra.Command, o db.Opener) error {
			var s databaseStatus
			var err error
			if s.Schema, err = o.Look(cmd.Context()); err != nil {
				return err
			}
			if s.Engine == db.SQLite {
				v, err := disk.Look(o.URL)
				if err != nil {
					return err
				}
				s.FileSystem, s.Kind, s.Free = v.Name, v.Kind, v.Free
			}
			return show(cmd, s, func(w io.Writer) { printStatus(w, s) })
		}),
	})
}

// databaseStatus is what --json shows. Of PostgreSQL nobody knows here where it lies.
type databaseStatus struct {
	db.Schema
	FileSystem string    `json:"file_system,omitempty"`
	Kind       disk.Kind `json:"file_system_kind,omitempty"`
	Free       uint64    `json:"free_bytes,omitempty"`
}

func printStatus(w io.Writer, s databaseStatus) {
	fmt.Fprintf(w, "%s, %.1f MiB, migration %04d; this nod knows %04d.\n", s.Engine, float64(s.Bytes)/(1<<20), s.Newest, s.Known)
	if s.Engine == db.SQLite {
		fmt.Fprintf(w, "It lies on %s, where %d MiB are free.\n", s.FileSystem, s.Free>>20)
	}
	switch s.Kind {
	case disk.Network:
		fmt.Fprintln(w, "That is a network file system, where SQLite can be damaged: move it to a disk of this machine, or to PostgreSQL.")
	case disk.Foreign:
		fmt.Fprintln(w, "That is a file system in user space: if it reaches over a network, SQLite can be damaged.")
	}
	if s.Owner != "" {
		fmt.Fprintf(w, "It is being migrated by %s.\n", s.Owner)
	}
	if len(s.Pending) == 0 {
		fmt.Fprintln(w, "Nothing is pending.")
	}
	for _, m := range s.Pending {
		fmt.Fprintln(w, "Pending: "+m)
	}
}

// migrated is what --json shows of a migration.
type migrated struct {
	db.Schema
	Rehearsed bool  `json:"rehearsed"`
	TookMS    int64 `json:"took_ms"`
}

func newDatabaseMigrateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Long: `Bring the database's schema up to date, as every other command does before it begins.

Of SQLite a copy is kept beside it first, nod.db.before-NNNN, until the next migration. With
--dry-run everything pending is done and undone: on a copy of SQLite, in a transaction that
is rolled back on PostgreSQL.`,
		Example: "  nod database migrate --dry-run\n  nod database migrate",
		Args:    arguments(),
		RunE:    onDatabase(migrateDatabase),
	}
	cmd.Flags().Bool("dry-run", false, "rehearse: change nothing, and say how long it takes")
	return bindJSON(cmd)
}

func migrateDatabase(cmd *cobra.Command, o db.Opener) error {
	before, err := o.Look(cmd.Context())
	if err != nil {
		return err
	}
	m := migrated{Schema: before}
	if m.Rehearsed, err = cmd.Flags().GetBool("dry-run"); err != nil {
		return err
	}
	var took time.Duration
	if m.Rehearsed {
		took, err = o.Rehearse(cmd.Context())
	} else {
		took, err = migrateNow(cmd, o)
	}
	if err != nil {
		return err
	}
	m.TookMS = took.Milliseconds()
	return show(cmd, m, func(w io.Writer) {
		switch {
		case len(m.Pending) == 0:
			fmt.Fprintln(w, "Nothing was pending.")
		case m.Rehearsed:
			fmt.Fprintf(w, "%d migrations would take about %d ms. Nothing was changed.\n", len(m.Pending), m.TookMS)
		default:
			fmt.Fprintf(w, "%d migrations took %d ms.\n", len(m.Pending), m.TookMS)
		}
	})
}

func migrateNow(cmd *cobra.Command, o db.Opener) (time.Duration, error) {
	began := time.Now()
	d, err := o.Open(cmd.Context())
	if err != nil {
		return 0, err
	}
	return time.Since(began), d.Close()
}
