package main

import (
	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
)

func newUserSetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Change a person's name and claims",
		Long: `Change a person's name and claims.

There is a flag for every claim of OpenID Connect Core 1.0, section 5.1. An empty value
takes a claim away. A new e-mail address or phone number counts as not verified until
--email-verified or --phone-number-verified says so.`,
		Example: `  nod user set alice --email alice@example.org --email-verified
  nod user set alice --birthdate 0000-04-01 --zoneinfo Europe/Paris --locale fr-FR
  nod user set alice --nickname ""
  nod user set alice --rename alice.smith`,
		Args: arguments("NAME"),
		RunE: onInstallation(mustExist, setUser),
	}
	cmd.Flags().String("rename", "", "what the person signs in with from now on")
	return bindJSON(bindClaims(cmd))
}

func setUser(v *verb) error {
	said, err := v.saidClaims()
	if err != nil {
		return err
	}
	if len(said) == 0 && !v.changed("rename") {
		return misused("say what to change, such as --email alice@example.com")
	}
	u, err := v.user(v.args[0])
	if err != nil {
		return err
	}
	u, err = v.Users.Set(v.ctx, u.ID, func(p *user.Profile) error {
		if v.changed("rename") {
			p.Name = v.text("rename")
		}
		return v.putClaims(&p.Claims)
	})
	if err != nil {
		return err
	}
	return v.showUser(u)
}
