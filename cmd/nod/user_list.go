package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
)

func newUserListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List people",
		Example: "  nod user list\n  nod user list --limit 100 --after mike --json",
		Args:    arguments(),
		RunE:    onInstallation(mustExist, listUsers),
	}
	cmd.Flags().Int("limit", 0, "how many at most; 0 is all")
	cmd.Flags().String("after", "", "begin behind this name")
	return bindJSON(cmd)
}

// pageOfUsers is how many people are read at once.
const pageOfUsers = 500

func listUsers(v *verb) error {
	limit, err := v.cmd.Flags().GetInt("limit")
	if err != nil || limit < 0 {
		return misused("--limit takes a number from 0")
	}
	after := v.text("after")
	views, rows := []userView{}, [][]string{}
	for limit == 0 || len(views) < limit {
		size := pageOfUsers
		if limit > 0 {
			size = min(size, limit-len(views))
		}
		page, err := v.Users.List(v.ctx, after, size)
		if err != nil {
			return err
		}
		for _, u := range page {
			views = append(views, viewUser(u))
			rows = append(rows, []string{u.Name, u.Claims.Name, u.Claims.Email, string(u.State), yesNo(u.HasPassword()), ago(u.CreatedAt)})
			after = u.Name
		}
		if len(page) < size {
			break
		}
	}
	return v.show(views, func(w io.Writer) {
		if len(rows) == 0 {
			fmt.Fprintln(w, "There are no users. Add one with: nod user add NAME")
			return
		}
		table(w, []string{"name", "full name", "e-mail", "state", "password", "added"}, rows)
	})
}

func newUserShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show all that is known of a person",
		Example: "  nod user show alice\n  nod user show alice@example.com --json",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			u, err := v.user(v.args[0])
			if err != nil {
				return err
			}
			return v.showUser(u)
		}),
	}
	return bindJSON(cmd)
}

func (v *verb) showUser(u user.User) error {
	groups, err := v.Users.GroupsOf(v.ctx, u.ID)
	if err != nil {
		return err
	}
	view := viewUser(u)
	view.Groups = groups
	password := "none"
	if u.HasPassword() {
		password = "changed " + moment(u.PasswordChangedAt)
	}
	return v.show(view, func(w io.Writer) {
		rows := [][2]string{{"Name", u.Name}, {"Id", u.ID}, {"State", string(u.State)}, {"Password", password}}
		rows = append(rows, claimRows(u)...)
		rows = append(rows, [2]string{"Groups", strings.Join(groups, ", ")},
			[2]string{"Added", moment(u.CreatedAt)}, [2]string{"Changed", moment(u.UpdatedAt)})
		sheet(w, rows)
	})
}
