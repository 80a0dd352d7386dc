package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/recovery"
)

func newUserRecoveryCodesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "recovery-codes NAME",
		Short: "Make ten recovery codes for a person",
		Long: `Make ten recovery codes for a person. With the password and one of them the person can
sign in when no device is at hand; each works once. They are shown this once, and those
made before stop working. Hand them over in person or by a channel you trust.

At a terminal it asks first when the person has codes already.`,
		Example: "  nod user recovery-codes alice\n  nod user recovery-codes alice --yes --json",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, makeRecoveryCodes),
	}
	return bindJSON(bindYes(cmd))
}

func makeRecoveryCodes(v *verb) error {
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	room, err := v.devices()
	if err != nil {
		return err
	}
	kept := &recovery.Codes{DB: v.DB, Box: v.Instance.Box}
	set, err := kept.Find(v.ctx, u.ID)
	if err != nil {
		return err
	}
	if set.Left > 0 {
		if err := v.surely("end the %s that %s still has", counted(set.Left, "recovery code"), u.Name); err != nil {
			return err
		}
	}
	var codes []string
	err = v.DB.Write(v.ctx, func(tx *db.Tx) (err error) {
		if codes, err = kept.MakeTx(tx, u.ID, set.ID, "cli:"+osUser()); err != nil {
			return err
		}
		return room.NotifyTx(tx, u.ID, "", devices.RecoveryCodesMade, "")
	})
	if err != nil {
		return err
	}
	view := struct {
		User  string   `json:"user"`
		Codes []string `json:"codes"`
	}{u.ID, codes}
	return v.show(view, func(w io.Writer) {
		for _, code := range codes {
			fmt.Fprintln(w, code)
		}
		fmt.Fprintf(w, "\nRecovery codes of %s, shown this once. Each works once.\n", plain(u.Name))
	})
}
