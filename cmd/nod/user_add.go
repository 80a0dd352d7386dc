package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
)

func newUserAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a person",
		Long: `Add a person, who may sign in at once.

Without --password-stdin or --generate the person has no password yet; "nod user
password" sets one. NAME is what the person signs in with; --name is the full name that
pages and devices show.`,
		Example: `  printf '%s\n' "$PASSWORD" | nod user add alice --email alice@example.com --name "Alice Smith" --password-stdin
  nod user add bob --generate --json
  nod user add carol --claim given_name=Carol --claim address.locality=Paris`,
		Args: arguments("NAME"),
		RunE: onInstallation(mayBegin, addUser),
	}
	return bindJSON(bindPassword(bindClaims(cmd)))
}

func addUser(v *verb) error {
	n := user.New{Name: v.args[0]}
	if err := v.putClaims(&n.Claims); err != nil {
		return err
	}
	p, err := v.choosePassword(false, n.Name, n.Claims)
	if err != nil {
		return err
	}
	n.PasswordHash = p.hash
	u, err := v.Users.Add(v.ctx, n)
	if err != nil {
		return err
	}
	view := viewUser(u)
	view.Password = p.generated
	return v.show(view, func(w io.Writer) {
		fmt.Fprintf(w, "Added %s (%s).\n", plain(u.Name), u.ID)
		switch {
		case p.generated != "":
			fmt.Fprintf(w, "Password, shown this once: %s\n", p.generated)
		case !u.HasPassword():
			fmt.Fprintf(w, "There is no password yet. Set one with: nod user password %s\n", plain(u.Name))
		}
	})
}
