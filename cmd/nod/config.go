package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
)

func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		Short:   "Look at the configuration of the server",
		Example: "  nod config check --config /etc/nod.yaml",
	}
	cmd.AddCommand(newConfigCheckCommand())
	return cmd
}

func newConfigCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the configuration and show where each value comes from",
		Long: `Check what "nod serve" would run with: flags first, then NOD_ variables of the
environment, then the YAML file, then the defaults. Nothing is started and nothing is
written. Everything that is wrong is told at once, with file and line. Secrets are masked.`,
		Example: `  nod config check --config /etc/nod.yaml
  NOD_LISTEN=:8443 nod config check --config /etc/nod.yaml --json`,
		Args: arguments(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			view := struct {
				Settings []config.Row `json:"settings"`
			}{c.Rows()}
			return show(cmd, view, func(w io.Writer) {
				var rows [][]string
				for _, r := range c.Rows() {
					rows = append(rows, []string{r.Name, r.Value, r.Origin})
				}
				table(w, []string{"setting", "value", "from"}, rows)
			})
		},
	}
	config.Bind(cmd.Flags())
	return bindJSON(cmd)
}
