package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/server"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/internal/db/rows"
	"github.com/nod-idp/nod/internal/disk"
)

func newDatabaseCopyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "copy --from PLACE --to PLACE",
		Short: "Move everything to another database, of either engine",
		Long: `Move everything to another database, of either engine.

A place is a data directory, or postgres://USER:PASSWORD@HOST/NAME. The target must be
empty. Stop every server before: what it writes meanwhile is not moved. All rows arrive in
one transaction and are read again and compared; if anything differs the target is emptied.

The sealing key is not part of the database. The server needs the one it had: with
PostgreSQL keep --data, or name the file with --sealing-key-file.`,
		Example: `  nod database copy --from ./data --to postgres://nod@localhost/nod
  nod database copy --from postgres://nod@localhost/nod --to ./data2 --json`,
		Args: arguments(),
		RunE: copyDatabase,
	}
	cmd.Flags().String("from", "", "where everything is")
	cmd.Flags().String("to", "", "where it shall be")
	_, _ = cmd.MarkFlagRequired("from"), cmd.MarkFlagRequired("to")
	return bindJSON(cmd)
}

func copyDatabase(cmd *cobra.Command, _ []string) (err error) {
	from, freeFrom, err := openForCopy(cmd, "from", mustExist)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, freeFrom()) }()
	to, freeTo, err := openForCopy(cmd, "to", mayBegin)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, freeTo()) }()
	all, total := []rows.Copied{}, int64(0)
	err = rows.Copy(cmd.Context(), from, to, func(c rows.Copied) {
		all, total = append(all, c), total+c.Rows
		if c.Rows > 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d rows, compared\n", c.Table, c.Rows)
		}
	})
	if errors.Is(err, rows.ErrNotEmpty) {
		return advised{err, "Name an empty database, or a directory without nod.db."}
	}
	if err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	return show(cmd, map[string]any{"tables": all, "rows": total}, func(w io.Writer) {
		fmt.Fprintf(w, "%d rows of %d tables were moved and compared.\nServe it with the sealing key that the server had before.\n", total, len(all))
	})
}

const stopFirst = "Stop it first: what it writes meanwhile would not be moved."

// openForCopy opens the place that a flag names, and keeps servers away from it if it is
// a data directory.
func openForCopy(cmd *cobra.Command, flag string, b beginning) (d *db.DB, free func() error, err error) {
	place, err := cmd.Flags().GetString(flag)
	if err != nil {
		return nil, nil, err
	}
	o := db.Opener{URL: place, Tell: aloud(cmd)}
	free = func() error { return d.Close() }
	if !strings.Contains(place, "://") {
		o.URL = filepath.Join(place, "nod.db")
		if there, err := exists(o.URL); b == mustExist && (err != nil || !there) {
			return nil, nil, errors.Join(err, advised{fmt.Errorf("--%s: %w: no %s", flag, errNoInstallation, o.URL), "Name the data directory, or postgres://…"})
		}
		if v, err := disk.Look(place); b == mayBegin && err == nil && v.Kind == disk.Network {
			return nil, nil, advised{fmt.Errorf("--%s: %s is a network file system, where SQLite can be damaged", flag, v.Name), "Name a directory on a disk of this machine."}
		}
		if err := os.MkdirAll(place, 0o700); err != nil {
			return nil, nil, fmt.Errorf("--%s: %w", flag, err)
		}
		lock, err := server.Hold(place)
		if err != nil {
			return nil, nil, advised{fmt.Errorf("--%s: %w", flag, err), stopFirst}
		}
		free = func() error { return errors.Join(d.Close(), lock.Close()) }
	}
	if strings.Contains(place, "://") {
		if err := o.Alone(cmd.Context()); err != nil {
			return nil, nil, advised{fmt.Errorf("--%s: %w", flag, err), stopFirst}
		}
	}
	if d, err = o.Open(context.WithoutCancel(cmd.Context())); err != nil {
		return nil, nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return d, free, nil
}
