package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newClientListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List applications",
		Example: "  nod client list --json",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			clients, err := v.Clients.List(v.ctx)
			if err != nil {
				return err
			}
			views, rows := []clientView{}, [][]string{}
			for _, c := range clients {
				views = append(views, viewClient(c, ""))
				kind := "confidential"
				if c.Public() {
					kind = "public"
				}
				rows = append(rows, []string{c.ID, c.Name, kind, string(c.SecondFactor), joined(c.Grants), ago(c.CreatedAt)})
			}
			return v.show(views, func(w io.Writer) {
				if len(rows) == 0 {
					fmt.Fprintln(w, "There are no clients. Add one with: nod client add ID --redirect-uri URI")
					return
				}
				table(w, []string{"id", "name", "kind", "second factor", "grants", "added"}, rows)
			})
		}),
	}
	return bindJSON(cmd)
}

func newClientShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Show an application's registration",
		Example: "  nod client show mail --json",
		Args:    arguments("ID"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			c, err := v.client(v.args[0])
			if err != nil {
				return err
			}
			return v.showClient(c)
		}),
	}
	return bindJSON(cmd)
}
