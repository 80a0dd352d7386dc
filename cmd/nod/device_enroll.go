package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices/protocol"
	"github.com/nod-idp/nod/devices/simulator"
)

// enrolledDevice is what enroll prints.
type enrolledDevice struct {
	DeviceID    string `json:"device_id"`
	Account     string `json:"account"`
	Status      string `json:"status"`
	Fingerprint string `json:"fingerprint"`
	Server      string `json:"server"`
}

func (v *deviceVerbs) enrollCommand() *cobra.Command {
	var (
		name, pin    string
		wait, noWait bool
	)
	cmd := &cobra.Command{
		Use:   "enroll URL",
		Short: "Become a device by an enrolment link",
		Long: `Become a device by an enrolment link, which works once. If the person has to confirm the
device in a browser, its fingerprint is shown and the confirmation waited for.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			// The link works once, so what could go wrong here goes wrong before.
			if err := v.file().Ready(); err != nil {
				return err
			}
			phone, err := simulator.Enroll(ctx, args[0], simulator.Options{Name: name, PIN: pin})
			if err != nil {
				return explain(err)
			}
			if err := v.file().Put(phone); err != nil {
				return err
			}
			if phone.Status() == protocol.EnrolStateConfirm {
				cmd.PrintErrf("Confirm this device in your browser at %s.\nIt shows the same fingerprint: %s\n",
					phone.Server(), phone.Fingerprint())
				if wait && !noWait {
					if err := v.awaitConfirmation(cmd, phone); err != nil {
						return err
					}
				}
			}
			done := enrolledDevice{
				DeviceID: phone.ID(), Account: phone.Account().Name, Status: string(phone.Status()),
				Fingerprint: phone.Fingerprint(), Server: phone.Server(),
			}
			return v.print(cmd, done, fmt.Sprintf("%s is %s for %s.", done.DeviceID, done.Status, done.Account))
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "what the device is called")
	cmd.Flags().StringVar(&pin, "pin", "", "PIN of 4 to 12 digits that every approval will need")
	cmd.Flags().BoolVar(&wait, "wait", true, "wait until the person has confirmed the device")
	cmd.Flags().BoolVar(&noWait, "no-wait", false, "do not wait for the confirmation")
	cmd.MarkFlagsMutuallyExclusive("wait", "no-wait")
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}

func (v *deviceVerbs) awaitConfirmation(cmd *cobra.Command, phone *simulator.Phone) error {
	err := phone.AwaitConfirmation(cmd.Context())
	switch phone.Status() {
	case protocol.EnrolStateActive:
		return v.file().Put(phone)
	case protocol.EnrolStateRefused, protocol.EnrolStateExpired:
		if forget := v.file().Forget(phone.ID()); forget != nil {
			return forget
		}
	}
	return explain(err)
}
