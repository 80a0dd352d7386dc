package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/devices/simulator"
)

func (v *deviceVerbs) watchCommand() *cobra.Command {
	var pin string
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Wait for sign-in requests and ask what to do with each",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phones, err := v.phones()
			if err != nil {
				return err
			}
			for _, phone := range phones {
				if _, err := fmt.Fprintf(cmd.OutOrStdout(), "Waiting for sign-in requests for %s at %s.\n",
					phone.Account().Name, phone.Server()); err != nil {
					return err
				}
			}
			terminal := simulator.Terminal{In: cmd.InOrStdin(), Out: cmd.OutOrStdout(), PIN: pin}
			err = terminal.Watch(cmd.Context(), phones...)
			for _, phone := range phones {
				v.keepClock(phone, cmd)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&pin, "pin", "", "the PIN of the devices; asked for where it is needed and missing")
	return cmd
}
