package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/entra"
)

func newEntraImportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import NAME FILE.csv",
		Short: "Link the accounts of a tenant from Entra's own list of users",
		Long: `Link the accounts of a tenant from the list that Entra exports (Users, Download users).
People are found by user principal name and mail address; whoever is not here yet is
added, without a password. A column "user" names people as they are called here instead.

All of the list is taken over or nothing. --dry-run shows what would happen.`,
		Example: "  nod entra import contoso users.csv --dry-run\n  nod entra import contoso users.csv",
		Args:    arguments("NAME", "FILE.csv"),
		RunE:    onInstallation(mustExist, importEntra),
	}
	cmd.Flags().Bool("dry-run", false, "show what would happen, and change nothing")
	return bindJSON(cmd)
}

// importView is what became of one account, as --json shows it.
type importView struct {
	Line   int    `json:"line"`
	OID    string `json:"oid"`
	User   string `json:"user"`
	Action string `json:"action"`
}

// longestAccounts bounds what is read as a list of accounts.
const longestAccounts = 64 << 20

func importEntra(v *verb) error {
	room, t, err := v.tenant()
	if err != nil {
		return err
	}
	file, err := os.Open(v.args[1])
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	accounts, err := entra.ReadAccounts(io.LimitReader(file, longestAccounts))
	var done []entra.Imported
	if err == nil {
		done, err = room.Import(v.ctx, v.Users, t, accounts, "cli:"+osUser(), v.on("dry-run"))
	}
	if err != nil {
		return advised{fmt.Errorf("%s: %w", v.args[1], err), "Nothing was changed. Put the list right, and look at it first with --dry-run."}
	}
	views, rows, counts := []importView{}, [][]string{}, map[entra.Doing]int{}
	for _, d := range done {
		views = append(views, importView{d.Line, d.OID, d.Name, string(d.Does)})
		rows = append(rows, []string{fmt.Sprint(d.Line), d.OID, d.Name, string(d.Does)})
		counts[d.Does]++
	}
	view := struct {
		Added     int          `json:"added"`
		Linked    int          `json:"linked"`
		Unchanged int          `json:"unchanged"`
		DryRun    bool         `json:"dry_run"`
		Accounts  []importView `json:"accounts"`
	}{counts[entra.Adds], counts[entra.Links], counts[entra.Unchanged], v.on("dry-run"), views}
	return v.show(view, func(w io.Writer) {
		if view.DryRun {
			table(w, []string{"line", "object id", "user", "would"}, rows)
			fmt.Fprintf(w, "\nThis would add %s and link %s to people who are here. Nothing was changed.\n", counted(view.Added, "user"), counted(view.Linked, "account"))
			return
		}
		fmt.Fprintf(w, "Added %s, linked %s to people who were here; %s had nothing to change.\n",
			counted(view.Added, "user"), counted(view.Linked, "account"), counted(view.Unchanged, "account"))
	})
}
