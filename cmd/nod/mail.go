package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/idp/letters"
	"github.com/nod-idp/nod/internal/mail"
	"github.com/nod-idp/nod/internal/random"
)

func newMailCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "mail",
		Short:   "Try the mail server",
		Example: "  nod mail test alice@example.com --config /etc/nod.yaml",
	}
	cmd.AddCommand(newMailTestCommand())
	return cmd
}

func newMailTestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test ADDRESS",
		Short: "Send one mail by the server in smtp_url",
		Long: `Send one mail by the server in smtp_url, at once and without the outbox, and say what
the server had against it.`,
		Example: `  nod mail test alice@example.com --config /etc/nod.yaml
  nod mail test alice@example.com --smtp-url smtp://localhost --mail-from id@example.org`,
		Args: arguments("ADDRESS"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(cmd.Flags(), os.Environ())
			if err != nil {
				return err
			}
			if err := testMail(cmd.Context(), c, args[0]); err != nil {
				return err
			}
			view := struct {
				To string `json:"to"`
				By string `json:"by"`
			}{args[0], c.SMTPURL}
			return show(cmd, view, func(w io.Writer) {
				fmt.Fprintf(w, "The server took a mail to %s. If it does not arrive, look there.\n", plain(args[0]))
			})
		},
	}
	config.Bind(cmd.Flags())
	return bindJSON(cmd)
}

func testMail(ctx context.Context, c config.Config, to string) error {
	if err := mail.CheckAddress(to); err != nil {
		return misused("%q: %v", to, err)
	}
	sender, err := c.Sender()
	if err != nil {
		return err
	}
	if sender == nil {
		return advised{errors.New("no mail server is set up"), "Say --smtp-url and --mail-from, or set them in the configuration."}
	}
	m, err := mail.Write("test", to, mail.Gaps{"organisation": cmp.Or(c.Organisation, "nod"), "when": letters.When(time.Now())})
	if err != nil {
		return err
	}
	return sender.Send(ctx, random.ID("out"), m)
}
