package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
)

func newGroupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "group",
		Short:   "Put people into groups",
		Example: "  nod group add staff\n  nod group members staff --add alice --add bob\n  nod group members staff",
	}
	cmd.AddCommand(newGroupAddCommand(), newGroupListCommand(), newGroupMembersCommand(), newGroupRemoveCommand())
	return bindPlace(cmd)
}

// groupView is a group as --json shows it.
type groupView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	CreatedAt *time.Time `json:"created_at"`
}

func viewGroup(g user.Group) groupView { return groupView{g.ID, g.Name, stamp(g.CreatedAt)} }

func (v *verb) group(name string) (user.Group, error) {
	g, err := v.Users.GroupByName(v.ctx, name)
	if err != nil {
		return user.Group{}, fmt.Errorf("%q: %w", name, err)
	}
	return g, nil
}

func newGroupAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "add NAME",
		Short:   "Add an empty group",
		Example: "  nod group add staff",
		Args:    arguments("NAME"),
		RunE: onInstallation(mayBegin, func(v *verb) error {
			g, err := v.Users.AddGroup(v.ctx, v.args[0])
			if err != nil {
				return err
			}
			return v.tell(viewGroup(g), "Added the group %s.", plain(g.Name))
		}),
	}
	return bindJSON(cmd)
}

func newGroupListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List groups",
		Example: "  nod group list --json",
		Args:    arguments(),
		RunE: onInstallation(mustExist, func(v *verb) error {
			groups, err := v.Users.ListGroups(v.ctx)
			if err != nil {
				return err
			}
			views, rows := []groupView{}, [][]string{}
			for _, g := range groups {
				views = append(views, viewGroup(g))
				rows = append(rows, []string{g.Name, ago(g.CreatedAt)})
			}
			return v.show(views, func(w io.Writer) {
				if len(rows) == 0 {
					fmt.Fprintln(w, "There are no groups. Add one with: nod group add NAME")
					return
				}
				table(w, []string{"name", "added"}, rows)
			})
		}),
	}
	return bindJSON(cmd)
}

func newGroupMembersCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "members NAME",
		Short: "List, add or remove the members of a group",
		Long:  "Add and remove members of a group if that is asked for, and list those it has then.",
		Example: `  nod group members staff
  nod group members staff --add alice --add bob --remove carol`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, groupMembers),
	}
	cmd.Flags().StringArray("add", nil, "put this `USER` into the group; repeatable")
	cmd.Flags().StringArray("remove", nil, "take this `USER` out of the group; repeatable")
	return bindJSON(cmd)
}

func groupMembers(v *verb) error {
	g, err := v.group(v.args[0])
	if err != nil {
		return err
	}
	// Everybody is looked up before anything changes, so that a mistyped name leaves
	// the group as it was.
	var changes []func() error
	for flag, change := range map[string]func(groupID, userID string) error{
		"add":    func(g, u string) error { return v.Users.AddToGroup(v.ctx, g, u) },
		"remove": func(g, u string) error { return v.Users.RemoveFromGroup(v.ctx, g, u) },
	} {
		names, err := v.cmd.Flags().GetStringArray(flag)
		if err != nil {
			return err
		}
		for _, name := range names {
			u, err := v.user(name)
			if err != nil {
				return err
			}
			changes = append(changes, func() error { return change(g.ID, u.ID) })
		}
	}
	for _, change := range changes {
		if err := change(); err != nil {
			return err
		}
	}
	members, err := v.Users.Members(v.ctx, g.ID)
	if err != nil {
		return err
	}
	views, rows := []userView{}, [][]string{}
	for _, u := range members {
		views = append(views, viewUser(u))
		rows = append(rows, []string{u.Name, u.Claims.Name, string(u.State)})
	}
	return v.show(views, func(w io.Writer) {
		if len(rows) == 0 {
			fmt.Fprintf(w, "Nobody is in %s.\n", plain(g.Name))
			return
		}
		table(w, []string{"name", "full name", "state"}, rows)
	})
}

func newGroupRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "remove NAME",
		Short:   "Remove a group; its members stay users",
		Example: "  nod group remove staff --yes",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			g, err := v.group(v.args[0])
			if err != nil {
				return err
			}
			members, err := v.Users.Members(v.ctx, g.ID)
			if err != nil {
				return err
			}
			if err := v.certainly("remove the group %s with %s", g.Name, counted(len(members), "member")); err != nil {
				return err
			}
			if err := v.Users.RemoveGroup(v.ctx, g.ID); err != nil {
				return err
			}
			return v.tell(viewGroup(g), "Removed the group %s.", plain(g.Name))
		}),
	}
	return bindJSON(bindYes(cmd))
}
