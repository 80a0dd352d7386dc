package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/client"
)

func newClientSetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set ID",
		Short: "Change an application's registration",
		Long: `Change an application's registration. What is not named stays. A list is replaced as
a whole; one empty value empties it. Without anything named the registration is shown. A client that becomes public loses its secrets.`,
		Example: `  nod client set mail --second-factor push
  nod client set mail --redirect-uri https://mail.example.com/callback --redirect-uri https://mail.example.org/callback
  nod client set mail --post-logout-redirect-uri ""`,
		Args: arguments("ID"),
		RunE: onInstallation(mustExist, setClient),
	}
	return bindJSON(bindYes(bindClient(cmd)))
}

func setClient(v *verb) error {
	r, err := v.readRegistration()
	if err != nil {
		return err
	}
	before, err := v.client(r.ID)
	if err != nil {
		return err
	}
	if after := before; before.HasSecrets() {
		if r.apply(v, &after); !after.HasSecrets() {
			if err := v.certainly("make the client %s %s and end %s", r.ID, proving(after.AuthMethod), counted(len(before.Secrets()), "secret")); err != nil {
				return err
			}
		}
	}
	c, err := v.Clients.Set(v.ctx, r.ID, func(c *client.Client) error { r.apply(v, c); return nil })
	if err != nil {
		return err
	}
	return v.showClient(c)
}

func newClientSecretCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secret ID",
		Short: "Make a new client secret",
		Long: `Make a new client secret and print it, this once. The secret in use stays valid
beside it, so that the application can be changed over; older ones end. --replace ends
all others at once, for a secret that has leaked.`,
		Example: "  nod client secret mail --json\n  nod client secret mail --replace --yes",
		Args:    arguments("ID"),
		RunE:    onInstallation(mustExist, newClientSecret),
	}
	cmd.Flags().Bool("replace", false, "end all other secrets at once")
	return bindJSON(bindYes(cmd))
}

func newClientSecret(v *verb) error {
	c, err := v.client(v.args[0])
	if err != nil {
		return err
	}
	change := v.Clients.AddSecret
	if v.on("replace") {
		change = v.Clients.ReplaceSecrets
		if err := v.certainly("end %s of the client %s at once", counted(len(c.Secrets()), "secret"), c.ID); err != nil {
			return err
		}
	}
	secret, err := change(v.ctx, c.ID)
	if err != nil {
		return err
	}
	if c, err = v.client(c.ID); err != nil {
		return err
	}
	return v.show(viewClient(c, secret), func(w io.Writer) {
		fmt.Fprintf(w, "Client secret, shown this once: %s\n", secret)
		if len(c.Secrets()) > 1 {
			fmt.Fprintln(w, "The one before is valid until the next new one. --replace would have ended it.")
		}
	})
}

func newClientRemoveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "remove ID",
		Short:   "Remove an application for good",
		Long:    "Remove an application for good. Its tokens end with it, and its id cannot be used again.",
		Example: "  nod client remove mail --yes",
		Args:    arguments("ID"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			c, err := v.client(v.args[0])
			if err != nil {
				return err
			}
			if err := v.certainly("remove the client %s (%s) for good, with all its tokens", c.ID, c.Name); err != nil {
				return err
			}
			if err := v.Clients.Remove(v.ctx, c.ID); err != nil {
				return err
			}
			return v.tell(viewClient(c, ""), "Removed the client %s.", c.ID)
		}),
	}
	return bindJSON(bindYes(cmd))
}
