package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newEntraListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the tenants of Microsoft Entra",
		Example: "  nod entra list --json",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			room, err := v.entra()
			if err != nil {
				return err
			}
			all, err := room.List(v.ctx)
			if err != nil {
				return err
			}
			views, rows := []entraView{}, [][]string{}
			for _, t := range all {
				view := viewEntra(t, room.PublicURL)
				views = append(views, view)
				rows = append(rows, []string{t.Name, t.TenantID, t.ClientID, string(t.Cloud), view.Discovery, ago(t.CreatedAt)})
			}
			return v.show(views, func(w io.Writer) {
				if len(rows) == 0 {
					fmt.Fprintln(w, "There are no tenants. Add one with: nod entra add NAME --tenant TID --app-id APPID --client-id CID")
					return
				}
				table(w, []string{"name", "tenant", "client id", "cloud", "discovery endpoint", "added"}, rows)
			})
		}),
	}
	return bindJSON(cmd)
}

func newEntraRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a tenant, with its key and its links",
		Long: `Remove a tenant. Its issuer, its key, its links and its codes are gone for good; people
stay. Remove the external method in Entra first, or people there are sent to nowhere.`,
		Example: "  nod entra remove contoso --yes",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			room, t, err := v.tenant()
			if err != nil {
				return err
			}
			links, err := room.Links(v.ctx, t)
			if err != nil {
				return err
			}
			if err := v.certainly("remove the tenant %q with its key and %s", t.Name, counted(len(links), "link")); err != nil {
				return err
			}
			if err := room.Remove(v.ctx, t.ID); err != nil {
				return err
			}
			return v.tell(viewEntra(t, room.PublicURL), "Removed %s.", plain(t.Name))
		}),
	}
	return bindJSON(bindYes(cmd))
}
