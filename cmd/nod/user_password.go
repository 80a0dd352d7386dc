package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/idp/reset"
	"github.com/nod-idp/nod/internal/db"
)

func newUserPasswordCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "password NAME",
		Short: "Set a person's password",
		Long: `Set a person's password. At a terminal it is asked for twice and not shown.

With --link nothing is set: it prints a link by which the person does it, once, without
having to know the old one. The link does not pass by the second factor.

A new password ends the person's sessions, and no browser counts as known any more.
Devices stay.`,
		Example: `  nod user password alice
  printf '%s\n' "$PASSWORD" | nod user password alice --password-stdin
  nod user password alice --generate --json
  nod user password alice --link --valid 10m`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			if v.on("link") {
				return passwordLink(v)
			}
			return setPassword(v)
		}),
	}
	cmd.Flags().Bool("link", false, "print a link by which the person sets the password")
	cmd.Flags().String("valid", config.Words(reset.Life), "how long the link is valid, at most 15m")
	return bindJSON(bindPassword(cmd))
}

func setPassword(v *verb) error {
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	p, err := v.choosePassword(true, u.Name, u.Claims)
	if err != nil {
		return err
	}
	room, err := v.devices()
	if err != nil {
		return err
	}
	const reason = "password changed"
	err = v.DB.Write(v.ctx, func(tx *db.Tx) error {
		if err := v.Users.SetPasswordHashTx(tx, u.ID, p.hash); err != nil {
			return err
		}
		if err := idp.ThawPasswordTx(tx, u.ID); err != nil {
			return err
		}
		if err := v.endSessionsTx(tx, u.ID, reason); err != nil {
			return err
		}
		if err := v.Sessions.ForgetBrowsersTx(tx, u.ID, reason); err != nil {
			return err
		}
		return room.NotifyTx(tx, u.ID, "", devices.PasswordChanged, "")
	})
	if err != nil {
		return err
	}
	if u, err = v.Users.ByID(v.ctx, u.ID); err != nil {
		return err
	}
	view := viewUser(u)
	view.Password = p.generated
	return v.show(view, func(w io.Writer) {
		fmt.Fprintf(w, "Set the password of %s.\n", plain(u.Name))
		if p.generated != "" {
			fmt.Fprintf(w, "Password, shown this once: %s\n", p.generated)
		}
	})
}
