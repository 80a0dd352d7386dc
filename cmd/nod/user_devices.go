package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices"
	"github.com/nod-idp/nod/idp/user"
	"github.com/nod-idp/nod/internal/db"
)

func newUserDevicesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "devices NAME",
		Short: "List, suspend, resume or remove a person's devices",
		Long: `List a person's devices, or change one. A suspended device cannot approve until it
is resumed; a removed one is gone for good and has to be enrolled anew. Removing also
makes every browser of the person unknown again. A device that push is forbidden for is
never asked, but still makes passcodes to type.`,
		Example: `  nod user devices alice
  nod user devices alice --suspend ID
  nod user devices alice --forbid-push ID
  nod user devices alice --remove ID --yes`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, userDevices),
	}
	cmd.Flags().String("suspend", "", "take the device of this `ID` out of use")
	cmd.Flags().String("resume", "", "put the device of this `ID` back into use")
	cmd.Flags().String("forbid-push", "", "let the device of this `ID` make typed passcodes only")
	cmd.Flags().String("allow-push", "", "let the device of this `ID` be asked again")
	cmd.Flags().String("remove", "", "remove the device of this `ID` for good")
	return bindJSON(bindYes(cmd))
}

// deviceView is a device as --json shows it.
type deviceView struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Kind         string     `json:"kind"`
	State        string     `json:"state"`
	Reason       string     `json:"reason,omitempty"`
	Verification string     `json:"verification"`
	Push         bool       `json:"push"`
	SnoozedUntil *time.Time `json:"snoozed_until,omitempty"`
	Forbidden    bool       `json:"push_forbidden,omitempty"`
	Fingerprint  string     `json:"fingerprint"`
	CreatedAt    *time.Time `json:"created_at"`
	ActivatedAt  *time.Time `json:"activated_at,omitempty"`
	SeenAt       *time.Time `json:"seen_at,omitempty"`
}

func userDevices(v *verb) error {
	if err := v.atMostOne("suspend", "resume", "forbid-push", "allow-push", "remove"); err != nil {
		return err
	}
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	room, err := v.devices()
	if err != nil {
		return err
	}
	if err := v.changeDevice(room, u); err != nil {
		return err
	}
	all, err := room.List(v.ctx, u.ID)
	if err != nil {
		return err
	}
	views, rows := []deviceView{}, [][]string{}
	for _, d := range all {
		views = append(views, deviceView{
			ID: d.ID, Name: d.Name, Kind: string(d.Kind), State: string(d.State), Reason: d.Reason, Verification: string(d.Verification),
			Push: d.PushOn, SnoozedUntil: snoozed(d), Forbidden: d.PushForbidden, Fingerprint: d.Fingerprint(), CreatedAt: stamp(d.CreatedAt), ActivatedAt: stamp(d.ActivatedAt), SeenAt: stamp(d.SeenAt),
		})
		rows = append(rows, []string{d.ID, d.Name, string(d.Kind), string(d.State), string(d.Verification), d.Fingerprint(), asked(d), ago(d.SeenAt)})
	}
	return v.show(views, func(w io.Writer) {
		if len(rows) == 0 {
			fmt.Fprintf(w, "%s has no devices. Enrol one with: nod user enroll-link %s\n", plain(u.DisplayName()), plain(u.Name))
			return
		}
		table(w, []string{"id", "name", "kind", "state", "verification", "fingerprint", "asked", "seen"}, rows)
	})
}

// snoozed is until when a person wants a device left alone, nil if they do not.
func snoozed(d devices.Device) *time.Time {
	if !d.Snoozed(time.Now()) {
		return nil
	}
	return stamp(d.SnoozedUntil)
}

// asked says whether a device is asked for sign-ins.
func asked(d devices.Device) string {
	switch {
	case d.PushForbidden:
		return "never"
	case d.Snoozed(time.Now()):
		return "not until " + moment(d.SnoozedUntil)
	case !d.PushOn:
		return "push is off"
	}
	return "yes"
}

func (v *verb) changeDevice(room *devices.Devices, u user.User) error {
	for _, change := range []struct {
		flag, would string
		ask         func(string, ...any) error
		do          func(id string) error
	}{
		{"suspend", "suspend", v.surely, func(id string) error { return room.Suspend(v.ctx, u.ID, id, "admin") }},
		{"resume", "resume", v.surely, func(id string) error { return room.Resume(v.ctx, u.ID, id) }},
		{"forbid-push", "forbid push for", v.surely, func(id string) error { return room.ForbidPush(v.ctx, u.ID, id, true) }},
		{"allow-push", "allow push for", v.surely, func(id string) error { return room.ForbidPush(v.ctx, u.ID, id, false) }},
		{"remove", "remove for good", v.certainly, func(id string) error { return v.removeDevice(room, u.ID, id) }},
	} {
		if !v.changed(change.flag) {
			continue
		}
		id := v.text(change.flag)
		all, err := room.List(v.ctx, u.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(d devices.Device) bool { return d.ID == id })
		if i < 0 {
			return fmt.Errorf("%q of %s: %w", id, u.Name, devices.ErrNotFound)
		}
		if err := change.ask("%s the device %q (%s) of %s", change.would, all[i].Name, id, u.Name); err != nil {
			return err
		}
		return change.do(id)
	}
	return nil
}

// removeDevice makes browsers unknown in the transaction that removes the device.
func (v *verb) removeDevice(room *devices.Devices, userID, id string) error {
	return v.DB.Write(v.ctx, func(tx *db.Tx) error {
		if err := room.RemoveTx(tx, userID, id, "admin"); err != nil {
			return err
		}
		return v.Sessions.ForgetBrowsersTx(tx, userID, "device removed")
	})
}
