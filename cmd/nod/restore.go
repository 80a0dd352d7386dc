package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/backup"
	"github.com/nod-idp/nod/internal/db"
)

func newRestoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore FILE",
		Short: "Bring an installation back from a backup",
		Long: `Bring an installation back from a backup, into an empty data directory or database, or
with --replace in the place of what is there. No server may run on it. Nothing is changed
before the whole file has been verified. The sealing key has to be there already.

Everything that was issued before is void afterwards: sessions, codes, tokens, requests that
wait, enrolment links, known browsers and recovery codes. People sign in again with their
passwords and devices as of the time of the backup.`,
		Example: `  nod restore --data ./data /backup/nod.nod
  nod restore --data ./data --replace --yes /backup/nod.nod
  nod restore --database postgres://nod@db/nod --sealing-key-file sealing.key nod.nod`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.LoadForVerb(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			return restore(&verb{ctx: fromCommandLine(cmd.Context()), cmd: cmd, args: args}, c)
		},
	}
	cmd.Flags().Bool("replace", false, "replace an installation that is there")
	config.BindPlace(cmd.Flags())
	return bindJSON(bindYes(cmd))
}

// restored is what --json shows.
type restored struct {
	Backup  backup.Summary `json:"backup"`
	Epoch   int64          `json:"epoch"`
	People  int            `json:"recovery_codes_voided"` // of how many people
	Dropped int64          `json:"messages_dropped"`
	Former  string         `json:"former,omitempty"` // where the replaced database lies
}

func restore(v *verb, c config.Config) error {
	if !c.Named() {
		return misused("say where to restore to: --data DIR or --database URL")
	}
	file, p, err := openBackup(v.cmd, c, v.args[0], "verifying")
	if err != nil {
		return err
	}
	summary, err := file.Verify(v.ctx, scratch(c))
	p.end()
	if err != nil {
		return adviseBackup(err)
	}
	if v.on("replace") {
		if err := v.certainly("replace what is in %s by the backup of %s", placeName(c), moment(summary.MadeAt)); err != nil {
			return err
		}
	}
	file.Progress = p.rows("writing")
	done := restored{Backup: summary}
	r := db.Rebuild{
		Migration: summary.Migration, Replace: v.on("replace"),
		Fill: func(tx *db.Tx) error {
			again, err := file.FillTx(tx)
			if err == nil && again != summary {
				err = backup.ErrDamaged // it is another file by now
			}
			return err
		},
		Finish: func(tx *db.Tx) error { return voidTx(tx, file.Ring, &done, time.Now()) },
	}
	if c.Database != "" {
		err = r.Run(v.ctx, c.Database)
	} else {
		done.Former, err = restoreFile(v.ctx, c, r)
	}
	p.end()
	if err != nil {
		return adviseRestore(err)
	}
	return v.show(done, func(w io.Writer) { describeRestored(w, done) })
}

func placeName(c config.Config) string {
	if c.Database != "" {
		return "the database"
	}
	return c.Data
}

func adviseRestore(err error) error {
	switch {
	case errors.Is(err, db.ErrNotEmpty):
		return advised{err, "Restore into an empty place, or replace what is there with --replace."}
	case errors.Is(err, db.ErrServed), errors.Is(err, server.ErrRunning):
		return advised{err, "Stop every server of it first. Nothing was changed."}
	}
	return adviseBackup(err)
}

// restoreFile rebuilds SQLite's file under another name and then gives it its own, so that
// at every moment there is the former one or the new one. The former one is kept.
func restoreFile(ctx context.Context, c config.Config, r db.Rebuild) (former string, err error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return "", fmt.Errorf("data directory: %w", err)
	}
	lock, err := server.Hold(c.Data)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	path := c.DatabaseAddress()
	there, err := exists(path)
	if err != nil {
		return "", err
	}
	if there && !r.Replace {
		return "", fmt.Errorf("%s: %w", path, db.ErrNotEmpty)
	}
	if _, err := db.Settle(path); err != nil { // of a run that was stopped
		return "", err
	}
	fresh := db.Restoring(path)
	if err := db.RemoveFiles(fresh); err != nil {
		return "", err
	}
	if err := r.Run(ctx, fresh); err != nil {
		return "", errors.Join(err, db.RemoveFiles(fresh))
	}
	return db.PutInPlace(ctx, path)
}

func describeRestored(w io.Writer, r restored) {
	fmt.Fprintf(w, "Restored %s of the backup of %s.\n", counted(int(r.Backup.Rows), "row"), moment(r.Backup.MadeAt))
	fmt.Fprintln(w, "Everything that was issued before is void: everybody signs in again.")
	if r.People > 0 {
		fmt.Fprintf(w, "The recovery codes of %d people are void too, and they are told.\n", r.People)
	}
	if r.Dropped > 0 {
		fmt.Fprintf(w, "%s that waited to be delivered will not be.\n", counted(int(r.Dropped), "message"))
	}
	if r.Former != "" {
		fmt.Fprintf(w, "The former database is %s. Delete it when it is not needed any more.\n", r.Former)
	}
	fmt.Fprintln(w, `Whatever was withdrawn since the backup counts again: passwords, devices, disabled users, signing keys.
If that was because somebody else had them, withdraw them once more: "nod keys rotate --emergency".`)
}
