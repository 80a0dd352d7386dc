package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newClientAddCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add ID",
		Short: "Register an application",
		Long: `Register an application. Its secret is printed this once; only a hash is kept.

Redirect URIs are compared as they stand. The one exception is the port of
http://127.0.0.1 and http://[::1]. The id of a removed client cannot be used again.`,
		Example: `  nod client add mail --name "Contoso Mail" --redirect-uri https://mail.example.com/callback --json
  nod client add app --public --redirect-uri com.example.app:/callback --redirect-uri http://127.0.0.1/callback
  nod client add nightly --grant client_credentials`,
		Args: arguments("ID"),
		RunE: onInstallation(mayBegin, addClient),
	}
	return bindJSON(bindClient(cmd))
}

func addClient(v *verb) error {
	r, err := v.readRegistration()
	if err != nil {
		return err
	}
	c, secret, err := v.Clients.Add(v.ctx, r.New)
	if err != nil {
		return err
	}
	return v.show(viewClient(c, secret), func(w io.Writer) {
		fmt.Fprintf(w, "Added the client %s.\n", c.ID)
		if secret != "" {
			fmt.Fprintf(w, "Client secret, shown this once: %s\n", secret)
		}
	})
}
