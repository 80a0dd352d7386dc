package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
)

// verb is one command under way on an opened installation.
type verb struct {
	*installation
	ctx  context.Context
	cmd  *cobra.Command
	args []string
}

// onInstallation opens the installation for a command and closes it again.
func onInstallation(b beginning, do func(v *verb) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		c, err := config.LoadForVerb(cmd.Flags(), os.Environ())
		if err != nil {
			return err
		}
		ctx := fromCommandLine(cmd.Context())
		in, err := openInstallation(ctx, c, b)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, in.Close()) }()
		return do(&verb{in, ctx, cmd, args})
	}
}

// bindPlace lets all commands below take --data, --database and what belongs to them.
func bindPlace(cmd *cobra.Command) *cobra.Command {
	config.BindPlace(cmd.PersistentFlags())
	return cmd
}

// bindJSON lets a command print JSON.
func bindJSON(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().Bool("json", false, "print one JSON value on stdout and nothing else there")
	return cmd
}

func wantsJSON(cmd *cobra.Command) bool {
	on, err := cmd.Flags().GetBool("json")
	return err == nil && on
}

// show prints value as JSON if that was asked for, and otherwise what human writes.
func show(cmd *cobra.Command, value any, human func(w io.Writer)) error {
	if !wantsJSON(cmd) {
		human(cmd.OutOrStdout())
		return nil
	}
	encoder := json.NewEncoder(cmd.OutOrStdout())
	encoder.SetEscapeHTML(false) // an & in a URL stays one
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

func (v *verb) show(value any, human func(w io.Writer)) error { return show(v.cmd, value, human) }

// tell shows a change that was made: value as JSON, or one sentence.
func (v *verb) tell(value any, format string, args ...any) error {
	return v.show(value, func(w io.Writer) { fmt.Fprintf(w, format+"\n", args...) })
}

func (v *verb) changed(flag string) bool { return v.cmd.Flags().Changed(flag) }

func (v *verb) text(flag string) string {
	if f := v.cmd.Flags().Lookup(flag); f != nil {
		return f.Value.String()
	}
	return ""
}

func (v *verb) on(flag string) bool { return v.text(flag) == "true" }

// atMostOne refuses flags that exclude each other.
func (v *verb) atMostOne(flags ...string) error {
	first := ""
	for _, flag := range flags {
		if !v.changed(flag) {
			continue
		}
		if first != "" {
			return misused("--%s and --%s exclude each other", first, flag)
		}
		first = flag
	}
	return nil
}
