package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/idp/user"
)

// bindClaims adds a flag for every claim of OpenID Connect Core 1.0, section 5.1, and
// --claim for those who have the names of the standard at hand.
func bindClaims(cmd *cobra.Command) *cobra.Command {
	for _, name := range user.ClaimNames() {
		help := "claim " + name
		if part, ok := strings.CutPrefix(name, "address_"); ok {
			help = "part " + part + " of the claim address"
		}
		cmd.Flags().String(claimFlag(name), "", help)
		if strings.HasSuffix(name, "_verified") {
			cmd.Flags().Lookup(claimFlag(name)).NoOptDefVal = "true"
		}
	}
	cmd.Flags().StringArray("claim", nil, "any claim as `KEY=VALUE`, such as given_name=Alice or address.locality=Paris; repeatable")
	return cmd
}

func claimFlag(name string) string { return strings.ReplaceAll(name, "_", "-") }

// putClaims puts what the flags say into c. The order is that of the standard, in
// which an address comes before whether it is verified.
func (v *verb) putClaims(c *user.Claims) error {
	said, err := v.saidClaims()
	if err != nil {
		return err
	}
	for _, name := range user.ClaimNames() {
		if value, ok := said[name]; ok {
			if err := c.Put(name, value); err != nil {
				return err
			}
			delete(said, name)
		}
	}
	for name, value := range said { // a name that no claim has
		return c.Put(name, value)
	}
	return nil
}

func (v *verb) saidClaims() (map[string]string, error) {
	said := map[string]string{}
	for _, name := range user.ClaimNames() {
		if v.changed(claimFlag(name)) {
			said[name] = v.text(claimFlag(name))
		}
	}
	pairs, err := v.cmd.Flags().GetStringArray("claim")
	if err != nil {
		return nil, err
	}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, misused("--claim %q is not KEY=VALUE", pair)
		}
		name = strings.ReplaceAll(name, ".", "_")
		if _, twice := said[name]; twice {
			return nil, misused("the claim %s is said twice", name)
		}
		said[name] = value
	}
	return said, nil
}

// claimRows lists the claims that have a value, for people.
func claimRows(u user.User) [][2]string {
	c := u.Claims
	rows := [][2]string{
		{"Full name", c.Name}, {"Given name", c.GivenName}, {"Family name", c.FamilyName}, {"Middle name", c.MiddleName},
		{"Nickname", c.Nickname}, {"Preferred name", c.PreferredUsername}, {"Profile", c.Profile}, {"Picture", c.Picture},
		{"Website", c.Website}, {"E-mail", verified(c.Email, c.EmailVerified)}, {"Gender", c.Gender}, {"Birthdate", c.Birthdate},
		{"Time zone", c.Zoneinfo}, {"Locale", c.Locale}, {"Phone", verified(c.PhoneNumber, c.PhoneVerified)},
	}
	a := c.Address
	for _, part := range []string{a.Formatted, a.StreetAddress, strings.TrimSpace(a.PostalCode + " " + a.Locality), a.Region, a.Country} {
		rows = append(rows, [2]string{"Address", part})
	}
	return rows
}

func verified(value string, yes bool) string {
	if value == "" {
		return ""
	}
	if yes {
		return fmt.Sprintf("%s (verified)", value)
	}
	return fmt.Sprintf("%s (not verified)", value)
}
