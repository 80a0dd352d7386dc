package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/internal/backup"
	"github.com/nod-idp/nod/internal/instance"
	"github.com/nod-idp/nod/internal/seal"
)

func newBackupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup FILE",
		Short: "Write everything that the database holds into one file",
		Long: `Write everything that the database holds into one file, also while servers run on it.

The file is of one moment, encrypted under a key made from the sealing key, and verified
before it gets its name: it is opened again and written into a database aside. It holds
neither the sealing key nor settings. Keep a copy of the sealing key elsewhere: without it
no backup can be read. A backup of SQLite can be restored into PostgreSQL, and back.

An existing file is replaced only with --force.`,
		Example: "  nod backup /backup/nod-monday.nod\n  nod backup --force --json /backup/nod.nod\n  nod backup verify /backup/nod.nod",
		Args:    arguments("FILE"),
		RunE:    onInstallation(mustExist, takeBackup),
	}
	cmd.Flags().Bool("force", false, "replace the file if it exists")
	bindJSON(cmd).AddCommand(newBackupVerifyCommand())
	return bindPlace(cmd)
}

func takeBackup(v *verb) error {
	p := newProgress(v.cmd)
	w := &backup.Writer{DB: v.DB, Ring: v.Instance.Box.Ring(), Nod: readBuild().Version, Progress: p.rows("reading")}
	summary, err := w.WriteFile(v.ctx, v.args[0], v.on("force"), func(name string) error {
		_, err := (&backup.File{Path: name, Ring: w.Ring, Progress: p.rows("verifying")}).Verify(v.ctx, scratch(v.Config))
		return err
	})
	p.end()
	if errors.Is(err, backup.ErrExists) {
		return advised{err, "Choose another name, or replace it with --force."}
	}
	if err != nil {
		return err
	}
	noted := instance.Taken{Of: summary.MadeAt, Rows: summary.Rows, Bytes: summary.Bytes, Key: summary.Key}
	if err := instance.BackedUp(v.ctx, v.DB, noted, time.Now()); err != nil { // a full disk is when it is needed most
		fmt.Fprintf(v.cmd.ErrOrStderr(), "The backup is whole, but its age will not be told: %v.\n", err)
	}
	return v.show(summary, func(w io.Writer) {
		fmt.Fprintf(w, "Wrote %s: %s of %s, %d bytes, verified.\n", plain(v.args[0]), counted(int(summary.Rows), "row"), counted(summary.Tables, "table"), summary.Bytes)
	})
}

func newBackupVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Check that a backup can be restored",
		Long: `Check that a backup can be restored: the whole file is read, its rows are written into a
database aside and counted, SQLite looks for damage, the sealing key opens it and the
journal's chain holds. Nothing else is needed for that but the sealing key.`,
		Example: "  nod backup verify /backup/nod.nod\n  nod backup verify --sealing-key-file sealing.key nod.nod",
		Args:    arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadForVerb(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			file, p, err := openBackup(cmd, c, args[0], "verifying")
			if err != nil {
				return err
			}
			summary, err := file.Verify(cmd.Context(), scratch(c))
			p.end()
			if err != nil {
				return adviseBackup(err)
			}
			return show(cmd, summary, func(w io.Writer) { describeBackup(w, summary) })
		},
	}
	return bindJSON(cmd)
}

// openBackup reads the sealing key for a backup.
func openBackup(cmd *cobra.Command, c config.Config, path, doing string) (*backup.File, *progress, error) {
	ring, err := seal.LoadRing(c.KeyFile())
	if errors.Is(err, fs.ErrNotExist) {
		err = advised{err, "A backup is read with the sealing key of the installation. Name its file: --sealing-key-file FILE."}
	}
	if err != nil {
		return nil, nil, err
	}
	p := newProgress(cmd)
	return &backup.File{Path: path, Ring: ring, Progress: p.rows(doing)}, p, nil
}

func adviseBackup(err error) error {
	switch {
	case errors.Is(err, backup.ErrWrongKey):
		return advised{err, "Name the key file of that time: --sealing-key-file FILE. Keys that \"nod keys reseal\" replaced are in sealing.key.retired."}
	case errors.Is(err, backup.ErrDamaged), errors.Is(err, backup.ErrNotBackup):
		return advised{err, "Nothing was changed. Try another backup."}
	}
	return err
}

func describeBackup(w io.Writer, s backup.Summary) {
	fmt.Fprintf(w, "The backup holds: %s of %s of the installation %s, made %s from %s by nod %s.\n",
		counted(int(s.Rows), "row"), counted(s.Tables, "table"), s.Instance, moment(s.MadeAt), s.Engine, plain(s.Nod))
}

// scratch is a folder for a database that exists for a moment: where the real one is, or
// the system's.
func scratch(c config.Config) string {
	if info, err := os.Stat(c.Data); err == nil && info.IsDir() {
		return c.Data
	}
	return os.TempDir()
}
