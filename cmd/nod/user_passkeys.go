package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
	"github.com/nod-idp/nod/mfa/passkey"
)

func newUserPasskeysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "passkeys NAME",
		Short: "List or remove a person's passkeys",
		Long: `List a person's passkeys, or remove one for good. Removing also makes every browser of
the person unknown again. Only people themselves add passkeys, at their account pages.`,
		Example: `  nod user passkeys alice
  nod user passkeys alice --remove ID --yes`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, userPasskeys),
	}
	cmd.Flags().String("remove", "", "remove the passkey of this `ID` for good")
	return bindJSON(bindYes(cmd))
}

// passkeyView is a passkey as --json shows it.
type passkeyView struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"`
	Host      string     `json:"host"`
	Synced    bool       `json:"synced"`
	CreatedAt *time.Time `json:"created_at"`
	UsedAt    *time.Time `json:"used_at,omitempty"`
}

func userPasskeys(v *verb) error {
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	room := &passkey.Passkeys{DB: v.DB, Box: v.Instance.Box, Epoch: v.Instance.Epoch}
	if v.changed("remove") {
		if err := v.removePasskey(room, u, v.text("remove")); err != nil {
			return err
		}
	}
	all, err := room.List(v.ctx, u.ID)
	if err != nil {
		return err
	}
	views, rows := []passkeyView{}, [][]string{}
	for _, k := range all {
		views = append(views, passkeyView{ID: k.ID, Name: k.Name, Host: k.RPID, Synced: k.BackupEligible, CreatedAt: stamp(k.CreatedAt), UsedAt: stamp(k.UsedAt)})
		kept := "one device"
		if k.BackupEligible {
			kept = "synced"
		}
		rows = append(rows, []string{k.ID, k.Name, k.RPID, kept, ago(k.CreatedAt), ago(k.UsedAt)})
	}
	return v.show(views, func(w io.Writer) {
		if len(rows) == 0 {
			fmt.Fprintf(w, "%s has no passkeys.\n", plain(u.DisplayName()))
			return
		}
		table(w, []string{"id", "name", "host", "kept", "added", "used"}, rows)
	})
}

// removePasskey makes browsers unknown, and tells the person's devices, in the
// transaction that removes the passkey.
func (v *verb) removePasskey(room *passkey.Passkeys, u user.User, id string) error {
	k, err := room.Get(v.ctx, u.ID, id)
	if errors.Is(err, passkey.ErrNotFound) {
		return fmt.Errorf("%q of %s: %w", id, u.Name, err)
	}
	if err != nil {
		return err
	}
	told, err := v.devices()
	if err != nil {
		return err
	}
	if err := v.certainly("remove for good the passkey %q (%s) of %s", k.Name, id, u.Name); err != nil {
		return err
	}
	return v.DB.Write(v.ctx, func(tx *db.Tx) error {
		if _, err := room.RemoveTx(tx, u.ID, id, "admin"); err != nil {
			return err
		}
		if err := v.Sessions.ForgetBrowsersTx(tx, u.ID, "passkey removed"); err != nil {
			return err
		}
		return told.NotifyTx(tx, u.ID, "", devices.PasskeyRemoved, k.Name)
	})
}
