package main

import (
	"context"
	"encoding/json"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/demo"
	"github.com/nod-idp/nod/devices/simulator"
)

func newDemoCommand() *cobra.Command {
	o := demo.Options{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See one sign-in: nod, a sample application and a device in this terminal",
		Long: `Start a throw-away nod on localhost with one user, a sample application on
127.0.0.1, and one enrolled device that lives in this terminal. Nothing is kept.`,
		Example: `  nod demo
  nod demo --auto-approve        the device says yes by itself, for scripts
  nod demo --port 9000           nod on 9000, the application on 9001`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			o.Out = cmd.OutOrStdout()
			if asJSON {
				o.Out = cmd.ErrOrStderr()
				o.Ready = func(at demo.Addresses) { _ = json.NewEncoder(cmd.OutOrStdout()).Encode(at) }
			}
			terminal := simulator.Terminal{In: cmd.InOrStdin(), Out: o.Out}
			o.Phone = func(ctx context.Context, p *simulator.Phone) error {
				if err := terminal.Watch(ctx, p); err != nil {
					return err
				}
				<-ctx.Done() // the input has ended; the pages stay
				return nil
			}
			return demo.Run(ctx, o)
		},
	}
	cmd.Flags().IntVar(&o.Port, "port", 8080, "port of nod; the application takes the next one (any free ones if taken)")
	cmd.Flags().BoolVar(&o.AutoApprove, "auto-approve", false, "let the device approve by itself; no number is asked")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the addresses and the password as one JSON value on stdout")
	return cmd
}
