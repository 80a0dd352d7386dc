package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// typedPasscode is one line of passcode.
type typedPasscode struct {
	DeviceID string `json:"device_id"`
	Account  string `json:"account"`
	Passcode string `json:"passcode"`
}

func (v *deviceVerbs) passcodeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "passcode",
		Short: "Print the passcode to type where no request can reach the device",
		Long: `Print the passcode to type on the login page. It is made without the network, is good for
about half a minute and works once. With several devices there is one line for each.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			phones, err := v.phones()
			if err != nil {
				return err
			}
			list, lines := []typedPasscode{}, []string{}
			for _, phone := range phones {
				code, err := phone.TypedPasscode()
				if err != nil {
					return err
				}
				list = append(list, typedPasscode{DeviceID: phone.ID(), Account: phone.Account().Name, Passcode: code})
				lines = append(lines, code)
			}
			if len(phones) > 1 {
				for i, p := range list {
					lines[i] = fmt.Sprintf("%s  %s", p.Passcode, p.Account)
				}
			}
			return v.print(cmd, list, strings.Join(lines, "\n"))
		},
	}
	cmd.Flags().BoolVar(&v.json, "json", false, "print JSON")
	return cmd
}
