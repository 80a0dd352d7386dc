package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp"
	"github.com/nod-idp/nod/internal/db"
)

func newUserPasswordCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "password NAME",
		Short: "Set a person's password",
		Long: `Set a person's password. At a terminal it is asked for twice and not shown.

A new password ends the person's sessions, and no browser counts as known any more.
Devices stay.`,
		Example: `  nod user password alice
  printf '%s\n' "$PASSWORD" | nod user password alice --password-stdin
  nod user password alice --generate --json`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, setPassword),
	}
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
