package main

import (
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/nod-idp/nod/cmd/nod/config"
	"github.com/nod-idp/nod/idp/entra"
)

// linkView is a link as --json shows it.
type linkView struct {
	OID       string     `json:"oid"`
	User      string     `json:"user"`
	MadeBy    string     `json:"made_by,omitempty"`
	CreatedAt *time.Time `json:"created_at,omitempty"`
}

func newEntraLinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "link NAME --user USER --oid OID",
		Short: "Say whose account an account of a tenant is",
		Long: `Say whose account an account of a tenant is. OID is the object id that Entra shows of a
user. Nothing else counts: names and mail addresses can change hands.`,
		Example: "  nod entra link contoso --user alice --oid 951ddb04-b16d-45f3-bbf7-b0fa18fa7aee",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			room, t, err := v.tenant()
			if err != nil {
				return err
			}
			u, err := v.user(v.text("user"))
			if err != nil {
				return err
			}
			if err := room.Link(v.ctx, t, v.text("oid"), u.ID, "cli:"+osUser()); err != nil {
				return err
			}
			return v.tell(linkView{OID: v.text("oid"), User: u.Name}, "Linked the account %s of %s to %s.", plain(v.text("oid")), plain(t.Name), plain(u.Name))
		}),
	}
	cmd.Flags().String("user", "", "the `NAME` of the person here")
	bindOID(cmd)
	_ = cmd.MarkFlagRequired("user") // it was defined above
	return bindJSON(cmd)
}

func bindOID(cmd *cobra.Command) {
	cmd.Flags().String("oid", "", "the object `ID` of the account in Entra")
	_ = cmd.MarkFlagRequired("oid") // it was defined above
}

func newEntraUnlinkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unlink NAME --oid OID",
		Short:   "Take an account of a tenant from its person",
		Example: "  nod entra unlink contoso --oid 951ddb04-b16d-45f3-bbf7-b0fa18fa7aee",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			room, t, err := v.tenant()
			if err != nil {
				return err
			}
			if err := v.surely("unlink the account %s of %s", v.text("oid"), t.Name); err != nil {
				return err
			}
			if err := room.Unlink(v.ctx, t, v.text("oid")); err != nil {
				return err
			}
			return v.tell(linkView{OID: v.text("oid")}, "Unlinked the account %s of %s.", plain(v.text("oid")), plain(t.Name))
		}),
	}
	bindOID(cmd)
	return bindJSON(bindYes(cmd))
}

func newEntraLinksCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "links NAME",
		Short:   "List whose accounts the accounts of a tenant are",
		Example: "  nod entra links contoso",
		Args:    arguments("NAME"),
		RunE: onInstallation(mustExist, func(v *verb) error {
			room, t, err := v.tenant()
			if err != nil {
				return err
			}
			all, err := room.Links(v.ctx, t)
			if err != nil {
				return err
			}
			views, rows := []linkView{}, [][]string{}
			for _, l := range all {
				views = append(views, linkView{l.OID, l.UserName, l.MadeBy, stamp(l.CreatedAt)})
				rows = append(rows, []string{l.UserName, l.OID, l.MadeBy, ago(l.CreatedAt)})
			}
			return v.show(views, func(w io.Writer) { table(w, []string{"user", "object id", "made by", "linked"}, rows) })
		}),
	}
	return bindJSON(cmd)
}

func newEntraCodeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "code NAME --user USER",
		Short: "Make a code by which a person links their own account",
		Long: `Make a code by which a person links their account of a tenant at their first sign-in,
once. Whoever has the code, and can sign in to an account of the tenant, is that person
here: hand it over in person or by a channel you trust. It replaces the one before. The
tenant has to be registered with --enrol.`,
		Example: "  nod entra code contoso --user alice --valid 24h",
		Args:    arguments("NAME"),
		RunE:    onInstallation(mustExist, entraCode),
	}
	cmd.Flags().String("user", "", "the `NAME` of the person here")
	cmd.Flags().String("valid", config.Words(entra.CodeLife), "how long the code is valid, such as 1h, 24h or 7d")
	_ = cmd.MarkFlagRequired("user") // it was defined above
	return bindJSON(cmd)
}

func entraCode(v *verb) error {
	valid, err := config.ParseDuration(v.text("valid"))
	if err != nil || valid < time.Minute || valid > 30*24*time.Hour {
		return misused("--valid %q is refused; allowed is from 1m to 30d", v.text("valid"))
	}
	room, t, err := v.tenant()
	if err != nil {
		return err
	}
	u, err := v.user(v.text("user"))
	if err != nil {
		return err
	}
	code, until, err := room.Code(v.ctx, t, u.ID, valid)
	if err != nil {
		return err
	}
	view := struct {
		Code      string     `json:"code"`
		User      string     `json:"user"`
		ExpiresAt *time.Time `json:"expires_at"`
	}{code, u.Name, stamp(until)}
	return v.tell(view, "%s\n\nFor %s at %s, until %s. The code is shown this once.", code, plain(u.Name), plain(t.Name), moment(until))
}
